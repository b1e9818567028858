/** Texts of the two live regions. */
export class LiveRegions {
  /** Announced at the next pause in speech. */
  polite = '';
  /** Announced immediately; interrupts speech. */
  assertive = '';

  clear(): void {
    this.polite = this.assertive = '';
  }
}
