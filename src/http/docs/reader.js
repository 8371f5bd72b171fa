// Shows /openapi.json to people. Everything that comes from the document becomes text, never markup.
'use strict';

const METHODS = ['get', 'put', 'post', 'patch', 'delete', 'head', 'options'];
// Samples and unfolded schemas end here, because schemas may contain themselves.
const DEEPEST = 6;

let api = {};

// ---- Building the page -------------------------------------------------------------------------------------------

function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes ?? {})) {
    if (value !== undefined && value !== false) made.setAttribute(key, value === true ? '' : String(value));
  }
  made.append(...children.flat().filter((child) => child !== undefined && child !== null && child !== ''));
  return made;
}

// Descriptions are plain text here: blank lines part paragraphs, backquotes mark code.
function prose(text) {
  if (!text) return [];
  return text.split(/\n\s*\n/).map((paragraph) =>
    element('p', {}, paragraph.split('`').map((part, index) => (index % 2 ? element('code', {}, part) : part))));
}

function titled(title, ...content) {
  const inside = content.flat().filter(Boolean);
  return inside.length ? element('section', {}, element('h4', {}, title), inside) : undefined;
}

// A fold whose content is made when it is first opened.
function lazyFold(attributes, summary, fill) {
  const fold = element('details', attributes, element('summary', {}, summary));
  fold.addEventListener('toggle', () => {
    if (fold.open && fold.childElementCount === 1) fold.append(...fill());
  });
  return fold;
}

// ---- Schemas -----------------------------------------------------------------------------------------------------

function resolve(part) {
  let seen = 0;
  while (part && typeof part.$ref === 'string' && seen < 20) {
    const path = part.$ref.replace(/^#\//, '').split('/');
    part = path.reduce((at, key) => at?.[key.replace(/~1/g, '/').replace(/~0/g, '~')], api);
    seen += 1;
  }
  return part ?? {};
}

function refName(schema) {
  return typeof schema?.$ref === 'string' ? schema.$ref.split('/').pop() : undefined;
}

function isNull(schema) {
  return resolve(schema).type === 'null';
}

// What one of several, or all of several, comes to: { word, parts }.
function alternatives(schema) {
  for (const [key, word] of [['oneOf', 'one of'], ['anyOf', 'any of'], ['allOf', 'all of']]) {
    if (Array.isArray(schema[key])) return { word, parts: schema[key].filter((part) => !isNull(part)) };
  }
  return undefined;
}

function typeName(schema) {
  if (schema === undefined || schema === true) return 'anything';
  const name = refName(schema);
  if (name) return name;
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  const choice = alternatives(schema);
  if (choice) return choice.parts.map(typeName).join(choice.word === 'all of' ? ' and ' : ' or ') || 'nothing';
  const types = [schema.type ?? (schema.properties ? 'object' : 'anything')].flat().filter((type) => type !== 'null');
  return types.map((type) => {
    if (type === 'array') return `list of ${typeName(schema.items)}`;
    if (type === 'object' && schema.additionalProperties && !schema.properties) {
      return `map to ${typeName(schema.additionalProperties)}`;
    }
    return schema.format ? `${type} (${schema.format})` : type;
  }).join(' or ');
}

function mayBeNull(schema) {
  const parts = schema?.oneOf ?? schema?.anyOf ?? [];
  return schema?.nullable === true || [schema?.type].flat().includes('null') || parts.some(isNull);
}

function constraints(schema) {
  const words = [];
  const add = (key, text) => schema[key] !== undefined && words.push(`${text} ${JSON.stringify(schema[key])}`);
  if (schema.enum) words.push(`one of ${schema.enum.map((value) => JSON.stringify(value)).join(', ')}`);
  add('minimum', 'at least');
  add('maximum', 'at most');
  add('minLength', 'length at least');
  add('maxLength', 'length at most');
  add('pattern', 'matches');
  add('default', 'default');
  add('example', 'for example');
  return words.join('; ');
}

// The fields of an object, those of every part of an `allOf` among them.
function fieldsOf(schema, depth = 0) {
  const whole = resolve(schema);
  const fields = { properties: { ...whole.properties }, required: [...(whole.required ?? [])] };
  for (const part of depth < DEEPEST ? whole.allOf ?? [] : []) {
    const more = fieldsOf(part, depth + 1);
    Object.assign(fields.properties, more.properties);
    fields.required.push(...more.required);
  }
  return fields;
}

// What stands below a type's name: its fields, its items, its alternatives. Nothing for plain values.
function inside(schema, depth, hops = 0) {
  if (hops > DEEPEST) return [];
  const whole = resolve(schema);
  const { properties, required } = fieldsOf(schema);
  if (Object.keys(properties).length) {
    const rows = Object.entries(properties).map(([name, field]) => fieldRow(name, field, required.includes(name), depth));
    return [element('ul', { class: 'fields' }, rows)];
  }
  if ([whole.type].flat().includes('array')) return inside(whole.items ?? {}, depth, hops + 1);
  if (typeof whole.additionalProperties === 'object') return inside(whole.additionalProperties, depth, hops + 1);
  const choice = alternatives(whole);
  if (choice?.parts.length === 1) return inside(choice.parts[0], depth, hops + 1);
  if (choice) return [element('ul', { class: 'fields' }, choice.parts.map((part) => fieldRow(undefined, part, false, depth)))];
  return [];
}

function fieldRow(name, schema, isRequired, depth) {
  const whole = resolve(schema);
  const label = [
    name === undefined ? undefined : element('code', { class: 'name' }, name),
    element('span', { class: 'type' }, typeName(schema), mayBeNull(whole) ? ' or null' : ''),
    isRequired ? element('span', { class: 'required' }, 'required') : undefined,
  ];
  const notes = [...prose(schema.description ?? whole.description), constraints(whole) && element('p', { class: 'limits' }, constraints(whole))];
  const hasMore = depth < DEEPEST && inside(schema, DEEPEST).length > 0;
  const head = element('span', { class: 'field' }, label);
  return element('li', {}, hasMore ? lazyFold({}, head, () => inside(schema, depth + 1)) : head, notes);
}

function schemaBlock(schema) {
  const whole = resolve(schema);
  return [
    element('p', { class: 'field' }, element('span', { class: 'type' }, typeName(schema))),
    ...prose(whole.description),
    constraints(whole) && element('p', { class: 'limits' }, constraints(whole)),
    ...inside(schema, 1),
  ];
}

// ---- Samples and curl ----------------------------------------------------------------------------------------------

// A value that the schema would take: examples where there are any, else something of the right type.
function sample(schema, depth = 0) {
  const whole = resolve(schema);
  const given = schema?.example ?? whole.example ?? whole.examples?.[0] ?? whole.default ?? whole.const ?? whole.enum?.[0];
  if (given !== undefined) return given;
  if (depth > DEEPEST) return null;
  const { properties, required } = fieldsOf(schema);
  if (Object.keys(properties).length) {
    const wanted = required.length ? required.filter((name) => name in properties) : Object.keys(properties);
    return Object.fromEntries(wanted.map((name) => [name, sample(properties[name], depth + 1)]));
  }
  const choice = alternatives(whole);
  if (choice?.parts.length) return sample(choice.parts[0], depth + 1);
  const type = [whole.type].flat().find((name) => name !== 'null');
  return { string: 'text', integer: 1, number: 1, boolean: true, array: whole.items ? [sample(whole.items, depth + 1)] : [], object: {} }[type] ?? null;
}

function quoted(text) {
  return `'${text.replace(/'/g, `'\\''`)}'`;
}

function curl(operation) {
  const { method, path, parameters, body, open } = operation;
  const needed = parameters.filter((parameter) => parameter.required && parameter.in === 'query');
  const query = needed.map((parameter) => `${parameter.name}=${parameter.name.toUpperCase()}`).join('&');
  const address = location.origin + path.replace(/\{([^}]+)\}/g, (_, name) => name.toUpperCase()) + (query && `?${query}`);
  const words = ['curl', '--fail-with-body', '-sS'];
  const media = Object.keys(operation.success);
  if (media.includes('text/event-stream')) words.push('-N');
  if (method !== 'get') words.push('-X', method.toUpperCase());
  words.push(quoted(address));
  if (!open) words.push('-H', '"Authorization: Bearer $CONNCENTRIC_TOKEN"');
  if (body) {
    const [type, content] = Object.entries(body.content ?? {})[0] ?? ['application/json', {}];
    words.push('-H', quoted(`Content-Type: ${type}`), '-d', quoted(JSON.stringify(content.example ?? sample(content.schema))));
  }
  return words.join(' ');
}

function copyable(text) {
  const code = element('code', { tabindex: '0' }, text);
  const button = element('button', { type: 'button' }, 'Copy');
  button.addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = 'Copied';
    } catch {
      // Browsers give the clipboard to secure origins only: select the text, so that the keyboard can copy it.
      getSelection().selectAllChildren(code);
      button.textContent = 'Selected';
    }
    setTimeout(() => { button.textContent = 'Copy'; }, 2000);
  });
  return element('div', { class: 'curl' }, element('pre', {}, code), button);
}

// ---- Operations ----------------------------------------------------------------------------------------------------

function operations() {
  return Object.entries(api.paths ?? {}).flatMap(([path, item]) =>
    METHODS.filter((method) => item[method]).map((method) => {
      const operation = item[method];
      const responses = Object.entries(operation.responses ?? {}).map(([status, response]) => [status, resolve(response)]);
      return {
        method, path, responses,
        id: operation.operationId ?? `${method}-${path.replace(/[^a-z0-9]+/gi, '-')}`,
        tag: operation.tags?.[0] ?? 'other',
        summary: operation.summary ?? '',
        description: operation.description ?? '',
        parameters: [...(item.parameters ?? []), ...(operation.parameters ?? [])].map(resolve),
        body: operation.requestBody && resolve(operation.requestBody),
        success: responses.find(([status]) => status.startsWith('2'))?.[1].content ?? {},
        open: (operation.security ?? api.security ?? [{}]).some((way) => Object.keys(way).length === 0),
      };
    }));
}

function contentBlocks(content) {
  return Object.entries(content ?? {}).flatMap(([type, media]) =>
    [element('p', { class: 'media' }, element('code', {}, type)), ...(media.schema ? schemaBlock(media.schema) : [])]);
}

function parameterTable(parameters) {
  if (!parameters.length) return undefined;
  const rows = parameters.map((parameter) => element('tr', {},
    element('td', {}, element('code', { class: 'name' }, parameter.name), parameter.required ? element('span', { class: 'required' }, 'required') : undefined),
    element('td', {}, parameter.in),
    element('td', {}, element('span', { class: 'type' }, typeName(parameter.schema))),
    element('td', {}, prose(parameter.description), constraints(resolve(parameter.schema)))));
  const head = element('tr', {}, ['Name', 'In', 'Type', 'Meaning'].map((title) => element('th', { scope: 'col' }, title)));
  return element('div', { class: 'wide' }, element('table', {}, element('thead', {}, head), element('tbody', {}, rows)));
}

function responseFold([status, response]) {
  const summary = [element('code', { class: `status s${status[0]}` }, status), ' ', response.description ?? ''];
  const blocks = () => contentBlocks(response.content);
  return Object.keys(response.content ?? {}).length
    ? lazyFold({ class: 'response', open: false }, element('span', {}, summary), blocks)
    : element('p', { class: 'response' }, summary);
}

function operationFold(operation) {
  const summary = element('span', { class: 'operation-line' },
    element('span', { class: `method ${operation.method}` }, operation.method.toUpperCase()), ' ',
    element('code', { class: 'path' }, operation.path), ' ',
    element('span', { class: 'summary' }, operation.summary));
  return lazyFold({ class: 'operation', id: operation.id }, summary, () => [
    ...prose(operation.description),
    copyable(curl(operation)),
    titled('Parameters', parameterTable(operation.parameters)),
    titled('Request body', operation.body && [...prose(operation.body.description), ...contentBlocks(operation.body.content)]),
    titled('Responses', operation.responses.map(responseFold)),
  ].filter(Boolean));
}

function showAll() {
  const byTag = new Map((api.tags ?? []).map((tag) => [tag.name, []]));
  for (const operation of operations()) {
    if (!byTag.has(operation.tag)) byTag.set(operation.tag, []);
    byTag.get(operation.tag).push(operation);
  }
  const main = document.getElementById('operations');
  const contents = document.getElementById('contents');
  for (const [tag, all] of byTag) {
    if (!all.length) continue;
    const about = api.tags?.find((known) => known.name === tag)?.description;
    const folds = all.map((operation) => {
      const fold = operationFold(operation);
      const link = element('a', { href: `#${operation.id}` },
        element('span', { class: `method ${operation.method}` }, operation.method.toUpperCase()), ' ', operation.path);
      contentsOf.push({ text: `${operation.method} ${operation.path} ${operation.summary} ${tag}`.toLowerCase(), fold, link });
      return fold;
    });
    main.append(element('section', { class: 'tag' }, element('h2', {}, tag), prose(about), folds));
    contents.append(element('section', { class: 'tag' }, element('h3', {}, tag), contentsOf.slice(-all.length).map((entry) => entry.link)));
  }
}

// ---- Finding one's way ---------------------------------------------------------------------------------------------

const contentsOf = [];

function filterBy(text) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const entry of contentsOf) {
    const matches = words.every((word) => entry.text.includes(word));
    entry.fold.hidden = entry.link.hidden = !matches;
    shown += matches ? 1 : 0;
  }
  for (const section of document.querySelectorAll('section.tag')) {
    section.hidden = !section.querySelector(':scope > .operation:not([hidden]), :scope > a:not([hidden])');
  }
  document.getElementById('state').textContent = words.length ? `${shown} of ${contentsOf.length} operations` : '';
}

function openNamed() {
  const named = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!named?.classList.contains('operation')) return;
  named.open = true;
  named.querySelector('summary').focus();
}

function listen() {
  const filter = document.getElementById('filter');
  const unfold = document.getElementById('unfold');
  filter.addEventListener('input', () => filterBy(filter.value));
  unfold.addEventListener('click', () => {
    const open = unfold.getAttribute('aria-pressed') !== 'true';
    unfold.setAttribute('aria-pressed', String(open));
    unfold.textContent = open ? 'Fold all' : 'Unfold all';
    for (const { fold } of contentsOf) fold.open = open;
  });
  document.addEventListener('keydown', (event) => {
    const typing = event.target instanceof HTMLInputElement;
    if (event.key === '/' && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      filter.focus();
    } else if (event.key === 'Escape' && event.target === filter) {
      filter.value = '';
      filterBy('');
    }
  });
  addEventListener('hashchange', openNamed);
}

async function start() {
  const state = document.getElementById('state');
  try {
    const response = await fetch('/openapi.json', { headers: { Accept: 'application/json' } });
    if (!response.ok) throw new Error(`/openapi.json answered ${response.status}`);
    api = await response.json();
    document.getElementById('title').textContent = `${api.info?.title ?? 'API'} ${api.info?.version ?? ''}`;
    document.title = api.info?.title ?? document.title;
    document.getElementById('about').textContent = api.info?.description ?? '';
    showAll();
    listen();
    state.textContent = '';
    openNamed();
  } catch (error) {
    state.textContent = `The description of the API cannot be shown: ${error.message}`;
  }
  document.getElementById('operations').setAttribute('aria-busy', 'false');
}

start();
