/**
 * Many texts as one argument of a script: each behind its length in four bytes, the highest first, as the `struct` of
 * Redis' scripts reads it. Texts hold a byte a character.
 */
export class ScriptArgument {
  private bytes = Buffer.allocUnsafe(65_536);
  private used = 0;

  text(text: string): void {
    const end = this.used + 4 + text.length;
    if (end > this.bytes.length) this.grow(end);
    this.bytes.writeUInt32BE(text.length, this.used);
    this.bytes.write(text, this.used + 4, 'latin1');
    this.used = end;
  }

  number(number: number): void {
    this.text(String(number));
  }

  /** What was packed. */
  end(): Buffer {
    return this.bytes.subarray(0, this.used);
  }

  private grow(least: number): void {
    const larger = Buffer.allocUnsafe(Math.max(2 * this.bytes.length, least));
    this.bytes.copy(larger, 0, 0, this.used);
    this.bytes = larger;
  }
}
