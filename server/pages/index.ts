import type { Page } from '../page.js';
import { adminPages } from './admin.js';
import { adminDialogs } from './admin-dialogs.js';
import { assetList, assetPage } from './assets.js';
import { backfillDialog } from './backfill.js';
import { dagCompare } from './compare.js';
import { dagGraph } from './dag-graph.js';
import { dagGrid, dagGridTab } from './dag-grid.js';
import { dagCalendar, dagDurations } from './dag-history.js';
import { dagCode, dagDetails, dagEvents, dagRunsTab } from './dag-tabs.js';
import { dagList } from './dags.js';
import { dashboardList, dashboardPage } from './dashboards.js';
import { dataPage, ledgerPage, quarantinePage } from './data.js';
import { clearDialogs, deleteDialogs, markDialogs, noteDialogs, triggerDialog } from './dialogs.js';
import { emailList, emailPage } from './emails.js';
import { dagGantt, dagRunGantt } from './gantt.js';
import { home } from './home.js';
import { dagRun, dagRunDetails, dagRunGraph } from './run.js';
import { dagRunCode, dagRunEvents } from './run-tabs.js';
import { runList } from './runs.js';
import { helpPage, searchPage } from './search.js';
import { taskPages } from './task-instance.js';
import { timelinePage } from './timeline.js';

/** Every page. A path stands in this list once, and nowhere else. */
export const pages: readonly Page[] = [
  home,
  dagList,
  dagGrid,
  dagGridTab,
  dagGraph,
  dagGantt,
  dagCalendar,
  dagDurations,
  dagCompare,
  dagRunsTab,
  dagCode,
  dagEvents,
  dagDetails,
  triggerDialog,
  backfillDialog,
  dagRun,
  dagRunGraph,
  dagRunDetails,
  dagRunGantt,
  dagRunEvents,
  dagRunCode,
  ...clearDialogs,
  ...markDialogs,
  ...noteDialogs,
  ...deleteDialogs,
  ...taskPages,
  runList,
  timelinePage,
  assetList,
  assetPage,
  dataPage,
  ledgerPage,
  quarantinePage,
  dashboardList,
  dashboardPage,
  searchPage,
  helpPage,
  emailList,
  emailPage,
  ...adminPages,
  ...adminDialogs,
];
