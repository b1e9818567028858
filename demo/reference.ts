/** Renders the reference of the element from its custom elements manifest. */
import type { ElementDeclaration } from '../scripts/editor-help.js';

interface Row {
  name: string;
  type?: string;
  fallback?: string | undefined;
  description?: string | undefined;
}

const make = <K extends keyof HTMLElementTagNameMap>(
  tag: K,
  ...content: (Node | string)[]
): HTMLElementTagNameMap[K] => {
  const element = document.createElement(tag);
  element.append(...content);
  return element;
};

/** Renders text in backticks as code. */
const proseOf = (text = ''): (Node | string)[] =>
  text.split('`').map((piece, index) => (index % 2 === 1 ? make('code', piece) : piece));

/** Renders a table with a heading; omits empty columns. */
function section(id: string, title: string, rows: readonly Row[]): HTMLElement {
  const columns = [
    ['Type', ({ type }: Row) => (type ? [make('code', type)] : [])],
    ['Default', ({ fallback }: Row) => (fallback ? [make('code', fallback)] : [])],
    ['Meaning', ({ description }: Row) => proseOf(description)],
  ] as const;
  const shown = columns.filter(([, cell]) => rows.some((row) => cell(row).length > 0));
  const headings = ['Name', ...shown.map(([heading]) => heading)].map((heading) => {
    const cell = make('th', heading);
    cell.scope = 'col';
    return cell;
  });
  const body = rows.map((row) => {
    const name = make('th', make('code', row.name));
    name.scope = 'row';
    return make('tr', name, ...shown.map(([, cell]) => make('td', ...cell(row))));
  });
  const heading = make('h2', title);
  heading.id = id;
  const scroll = make('div', make('table', make('thead', make('tr', ...headings)), make('tbody', ...body)));
  scroll.className = 'scroll';
  scroll.tabIndex = 0;
  scroll.role = 'region';
  scroll.setAttribute('aria-labelledby', id);
  return make('section', heading, scroll);
}

function sectionsOf(element: ElementDeclaration): HTMLElement[] {
  const { attributes, members, events, slots, cssParts, cssProperties, cssStates } = element;
  const isPublic = members.filter((member) => !member.privacy && !member.static && member.description);
  const attributeNames = new Set(attributes.map(({ fieldName }) => fieldName));
  const fields = isPublic.filter(({ kind, name }) => kind === 'field' && !attributeNames.has(name));
  return [
    section(
      'attributes',
      'Attributes',
      attributes.map(({ type, default: fallback, ...rest }) => ({ ...rest, type: type.text, fallback })),
    ),
    section(
      'properties',
      'Properties without an attribute',
      fields.map((field) => ({ ...field, type: field.type?.text ?? '' })),
    ),
    section(
      'methods',
      'Methods',
      isPublic.flatMap(({ kind, name, description }) => (kind === 'method' ? [{ name, description }] : [])),
    ),
    section(
      'events',
      'Events',
      events.map(({ type, ...rest }) => ({ ...rest, type: type.text })),
    ),
    section(
      'slots',
      'Slots',
      slots.map((slot) => ({ ...slot, name: slot.name || 'default' })),
    ),
    section(
      'parts',
      'Parts',
      cssParts.map((part) => ({ ...part, name: `::part(${part.name})` })),
    ),
    section(
      'custom-properties',
      'Custom properties',
      cssProperties.map(({ default: fallback, ...rest }) => ({ ...rest, fallback })),
    ),
    section(
      'states',
      'States',
      cssStates.map((state) => ({ ...state, name: `:state(${state.name})` })),
    ),
  ];
}

const answer = await fetch('/custom-elements.json');
const manifest = (await answer.json()) as { modules: { declarations?: ElementDeclaration[] }[] };
const element = manifest.modules
  .flatMap(({ declarations = [] }) => declarations)
  .find(({ tagName }) => tagName === 'mule-upload')!;
document.querySelector('#description')!.replaceChildren(...proseOf(element.description));
document.querySelector('#reference')!.append(...sectionsOf(element));
