/**
 * What stands before the value of each series, rendered once: `name{labels} `. One growing block of bytes
 * instead of a string or buffer a series; at 100,000 series that is most of the memory.
 */
export class LabelPrefixes {
  block = Buffer.alloc(64 * 1024);
  private used = 0;
  private starts = new Uint32Array(1024);
  private ends = new Uint32Array(1024);

  has(index: number): boolean {
    return index < this.ends.length && this.ends[index] > 0;
  }

  put(index: number, head: string): void {
    // The most its UTF-8 can be: counting the bytes takes as long as writing them.
    const most = head.length * 3;
    if (this.used + most > this.block.length) {
      const larger = Buffer.alloc(Math.max(this.block.length * 1.5, this.used + most) | 0);
      this.block.copy(larger, 0, 0, this.used);
      this.block = larger;
    }
    if (index >= this.starts.length) {
      this.starts = grown(this.starts, index);
      this.ends = grown(this.ends, index);
    }
    this.starts[index] = this.used;
    this.used += this.block.write(head, this.used);
    this.ends[index] = this.used;
  }

  start(index: number): number {
    return this.starts[index];
  }

  end(index: number): number {
    return this.ends[index];
  }
}

function grown(array: Uint32Array, index: number): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(Math.max(array.length * 2, index + 1));
  larger.set(array);
  return larger;
}
