import '@angular/compiler';
import 'mule-upload';
import { Component, CUSTOM_ELEMENTS_SCHEMA, signal } from '@angular/core';
import { bootstrapApplication } from '@angular/platform-browser';
import type { MuleEventMap, MuleUploadElement } from 'mule-upload';

/** Uses attributes, a property, events, a slot and a bound value, as the apps of all frameworks do. */
@Component({
  selector: 'app-root',
  schemas: [CUSTOM_ELEMENTS_SCHEMA],
  template: `
    <mule-upload
      signer="/sign"
      name="film"
      max-size="1GB"
      [headers]="headers"
      [value]="value()"
      [disabled]="isDisabled()"
      (mule-complete)="complete($event)"
      (change)="change($event)"
    >
      <button slot="button" type="button">Choose a film</button>
    </mule-upload>
    <output id="stored">{{ stored() }}</output>
    <output id="value">{{ value().join() }}</output>
    <button id="toggle" type="button" (click)="isDisabled.set(!isDisabled())">
      {{ isDisabled() ? 'Enable' : 'Disable' }}
    </button>
    <button id="clear" type="button" (click)="value.set([])">Clear</button>
  `,
})
class App {
  readonly headers = { 'x-app': 'angular' };
  readonly value = signal<readonly string[]>([]);
  readonly stored = signal('');
  readonly isDisabled = signal(false);

  complete({ detail }: MuleEventMap['mule-complete']): void {
    this.stored.set(`${detail.key} ${detail.size}`);
  }

  change({ target }: Event): void {
    this.value.set((target as MuleUploadElement).value);
  }
}

await bootstrapApplication(App);
