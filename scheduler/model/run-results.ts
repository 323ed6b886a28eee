/** Where a try that ends a SQL project keeps its `run_results.json`: beside its log, with which it goes. */
export function runResultsPath(logPath: string): string {
  return logPath.replace(/(\.log)?$/, '.run_results.json');
}
