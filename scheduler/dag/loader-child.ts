import { startLifeline } from '../../kernel/lifeline.js';
import { type ImportRequest, importDagFile } from './import-file.js';

/** Entry of the loader child: imports DAG files, one after the other, and answers with what they declare. */
process.on('disconnect', () => process.kill(-process.pid, 'SIGKILL'));
process.setSourceMapsEnabled(true);
process.on('message', (request: ImportRequest) => {
  void importDagFile(request).then((result) => process.send?.({ type: 'imported', result }));
});
await startLifeline();
process.send?.({ type: 'ready' });
