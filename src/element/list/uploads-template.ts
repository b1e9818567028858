import { html, type TemplateResult } from 'lit';
import { guard } from 'lit/directives/guard.js';
import { listTemplate } from './list-template.js';
import { recoveryTemplate } from './recovery-template.js';
import { summaryTemplate } from './summary-template.js';
import type { Handlers, View } from './view.js';

/** Renders recovery, summary and list. */
export const uploadsTemplate = (view: View, on: Handlers): TemplateResult =>
  html`${whenUploadsChange(view, () => recoveryTemplate(view, on))}
  ${whenUploadsChange(view, () => summaryTemplate(view, on))} ${listTemplate(view, on)}`;

/** Skips templates that iterate over all uploads while none of these values changes, as during scrolling. */
const whenUploadsChange = (
  { uploads, storedKeys, status, openQuestion, held, disabled, translate, format }: View,
  render: () => unknown,
): unknown => guard([uploads, storedKeys.length, status, openQuestion, held, disabled, translate, format], render);
