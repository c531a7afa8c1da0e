/** Where a line goes through. */
export interface Place {
  readonly x: number;
  readonly y: number;
}

/** A line of a panel; those of one name have the same colour in all panels. */
export interface Line {
  readonly name: string;
  readonly points: readonly Place[];
}

/** One picture among others, with axes of its own. */
export interface Panel {
  readonly title: string;
  /** What goes to the right, each step ten times as much. */
  readonly x: string;
  /** What goes up from 0. */
  readonly y: string;
  readonly lines: readonly Line[];
}
