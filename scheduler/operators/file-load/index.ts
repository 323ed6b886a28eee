export { ensureWarehouse } from './ensure-warehouse.js';
export type { LakeFile, LoadPlace } from './lake-file.js';
export { type ListOptions, listNewFiles, type NewFiles } from './list-new-files.js';
export { type LoadOptions, type LoadReport, loadBatch } from './load-batch.js';
export { type LoadBatch, planBatches } from './plan-batches.js';
export { type QuarantinedFile, releaseQuarantine } from './quarantine.js';
export { deleteLoadedObjects, deleteOldEvents } from './retention.js';
