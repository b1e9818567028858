import { html, type TemplateResult } from 'lit';
import { guard } from 'lit/directives/guard.js';
import { listTemplate } from './list-template.js';
import { recoveryTemplate } from './recovery-template.js';
import { summaryTemplate } from './summary-template.js';
import type { Handlers, View } from './view.js';

/** Renders the note on unfinished uploads, the summary and the list. */
export const uploadsTemplate = (view: View, handlers: Handlers): TemplateResult =>
  html`${whenUploadsChange(view, () => recoveryTemplate(view, handlers))}
  ${whenUploadsChange(view, () => summaryTemplate(view, handlers))} ${listTemplate(view, handlers)}`;

/** Renders only if one of these values has changed: iterating over all uploads at each scroll would be slow. */
const whenUploadsChange = (
  { uploads, storedFiles, status, openQuestion, held, disabled, translate, format }: View,
  render: () => unknown,
): unknown => guard([uploads, storedFiles.length, status, openQuestion, held, disabled, translate, format], render);
