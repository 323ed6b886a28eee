import { openAdapter } from '../../transform/adapters/open.js';
import { testDatabase } from '../support/postgres.js';
import { adapterContract } from './adapter.contract.js';

adapterContract('PostgreSQL', async (threads) => openAdapter({ url: await testDatabase(), threads }));
