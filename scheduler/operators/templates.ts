import type { Json, JsonObject } from '../../kernel/json.js';
import type { AttemptScope } from '../dag/runtime.js';
import { templateContext } from './template-context.js';

/** An operator's options, ready to be used, and those of them that were templates, for the task's page. */
export interface RenderedOptions {
  options: JsonObject;
  rendered: JsonObject;
}

/** Renders the options of the attempt's task. Values that come from other tasks are data and never templates. */
export async function renderOptions(scope: AttemptScope, fields: readonly string[] | 'all'): Promise<RenderedOptions> {
  const { task, inputs } = scope.attempt;
  const names =
    fields === 'all' ? Object.keys(task.options) : fields.filter((name) => Object.hasOwn(task.options, name));
  const rendered: JsonObject = {};
  for (const name of names) rendered[name] = await renderValue(scope, name, task.options[name] as Json);
  if (
    task.operator === 'trigger_dag_run' &&
    task.options['renderConf'] === true &&
    task.options['conf'] !== undefined
  ) {
    rendered['conf'] = await renderValue(scope, 'conf', task.options['conf']);
  }
  return { options: { ...task.options, ...rendered, ...inputs }, rendered };
}

/**
 * What `mapIndexTemplate` makes of this instance: of its inputs and context, and of the XComs that it has set under
 * `xcom` (`{{ xcom.return_value.city }}`). Null when the task is not mapped or has no such template.
 */
export async function renderMapIndex(scope: AttemptScope): Promise<string | null> {
  const { task, mapIndex } = scope.attempt;
  if (mapIndex < 0 || task.mapIndexTemplate === null) return null;
  const xcom = Object.fromEntries(scope.effects.xcoms.map(({ key, value }) => [key, value]));
  const name = await renderText(scope, 'mapIndexTemplate', task.mapIndexTemplate, { xcom });
  return name.slice(0, mapIndexNameCharsMax);
}

/** As in Airflow. */
const mapIndexNameCharsMax = 250;

async function renderValue(scope: AttemptScope, path: string, value: Json): Promise<Json> {
  if (typeof value === 'string') return isTemplate(value) ? renderOption(scope, path, value) : value;
  if (Array.isArray(value)) {
    return Promise.all(value.map((entry, at) => renderValue(scope, `${path}[${at}]`, entry)));
  }
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(
    async ([key, entry]) => [key, await renderValue(scope, `${path}.${key}`, entry)] as const,
  );
  return Object.fromEntries(await Promise.all(entries));
}

function isTemplate(text: string): boolean {
  return text.includes('{{') || text.includes('{%') || text.includes('{#');
}

/** As text, or as the value that the text says when the DAG has `renderTemplateAsNativeObj`. */
async function renderOption(scope: AttemptScope, path: string, text: string): Promise<Json> {
  if (scope.attempt.task.options['renderTemplateAsNativeObj'] !== true) return renderText(scope, path, text);
  const { compileTemplate, toHost } = await import('../../transform/jinja/index.js');
  const template = compileTemplate(text, { path: `${scope.attempt.taskId}, ${path}` });
  return toHost(template.renderNative(templateContext(scope))) as Json;
}

async function renderText(
  scope: AttemptScope,
  path: string,
  text: string,
  more: Record<string, unknown> = {},
): Promise<string> {
  const { compileTemplate } = await import('../../transform/jinja/index.js');
  const template = compileTemplate(text, { path: `${scope.attempt.taskId}, ${path}` });
  return template.render({ ...templateContext(scope), ...more });
}
