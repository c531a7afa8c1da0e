import type { Line, Panel } from "./panel.ts";
import { linear, logarithmic, type Scale } from "./scale.ts";

const COLUMNS = 2;
const WIDTH = 400;
const HEIGHT = 250;
const HEAD = 64;
/** Around the axes of a panel. */
const MARGIN = { left: 52, right: 26, top: 34, bottom: 46 };
const PLOT = {
  width: WIDTH - MARGIN.left - MARGIN.right,
  height: HEIGHT - MARGIN.top - MARGIN.bottom,
};

/** Of middling brightness, to be read on white as on black. */
const INK = "#757d86";
const COLOURS = ["#e0562b", "#3b8ad8", "#3f9b5a", "#a06fd0"];
const FONT = "system-ui, -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif";

/** Where lines go within a panel. */
interface Axes {
  readonly x: Scale;
  readonly y: Scale;
}

/** Draws panels side by side as SVG, each line of a name in its colour, without a background. */
export function chart(title: string, panels: readonly Panel[]): string {
  const names = [...new Set(panels.flatMap(({ lines }) => lines.map(({ name }) => name)))];
  const width = WIDTH * Math.min(COLUMNS, panels.length);
  const height = HEAD + HEIGHT * Math.ceil(panels.length / COLUMNS);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" ` +
    `height="${height}" role="img" font-family="${FONT}" font-size="12" fill="${INK}">`,
    `<title>${escaped(title)}</title>`,
    text(width / 2, 22, title, `text-anchor="middle" font-size="16" font-weight="600"`),
    ...legend(names, width),
    ...panels.map((panel, number) => drawn(panel, number, names)),
    "</svg>\n",
  ].join("\n");
}

function legend(names: readonly string[], width: number): string[] {
  const each = 120;
  const from = (width - each * names.length) / 2;
  return names.map((name, number) => {
    const x = from + each * number;
    const stroke = `stroke="${colourOf(number)}" stroke-width="2.5"`;
    return `<line x1="${x}" y1="44" x2="${x + 24}" y2="44" ${stroke}/>` + text(x + 32, 48, name);
  });
}

function drawn({ title, x, y, lines }: Panel, number: number, names: readonly string[]): string {
  const places = lines.flatMap(({ points }) => points);
  const [xs, ys] = [places.map(({ x }) => x), places.map(({ y }) => y)];
  const axes = { x: logarithmic(Math.min(...xs), Math.max(...xs)), y: linear(Math.max(...ys)) };
  const left = WIDTH * (number % COLUMNS) + MARGIN.left;
  const top = HEAD + HEIGHT * Math.floor(number / COLUMNS) + MARGIN.top;
  const middle = PLOT.width / 2;
  return [
    `<g transform="translate(${left} ${top})">`,
    text(middle, -12, title, `text-anchor="middle" font-weight="600"`),
    ...axes.y.ticks.map((tick) => level(tick, axes)),
    ...axes.x.ticks.map((tick) => step(tick, axes)),
    text(middle, PLOT.height + 36, x, `text-anchor="middle"`),
    text(-MARGIN.left + 14, -12, y),
    ...lines.map((line) => curve(line, axes, colourOf(names.indexOf(line.name)))),
    "</g>",
  ].join("\n");
}

function level(tick: number, axes: Axes): string {
  const y = fixed(downOf(tick, axes));
  const opacity = tick === 0 ? 1 : 0.25;
  return `<line x1="0" y1="${y}" x2="${PLOT.width}" y2="${y}" stroke="${INK}" ` +
    `stroke-opacity="${opacity}"/>` + text(-8, y + 4, grouped(tick), `text-anchor="end"`);
}

function step(tick: number, axes: Axes): string {
  const x = fixed(axes.x.at(tick) * PLOT.width);
  const { height } = PLOT;
  return `<line x1="${x}" y1="${height}" x2="${x}" y2="${height + 5}" stroke="${INK}"/>` +
    text(x, height + 18, grouped(tick), `text-anchor="middle"`);
}

function curve({ name, points }: Line, axes: Axes, colour: string): string {
  const places = points.map(({ x, y }) => ({
    x: fixed(axes.x.at(x) * PLOT.width),
    y: fixed(downOf(y, axes)),
    told: `${name}: ${grouped(Number(y.toPrecision(3)))} at ${grouped(x)}`,
  }));
  const through = places.map(({ x, y }) => `${x},${y}`).join(" ");
  const dots = places.map(({ x, y, told }) =>
    `<circle cx="${x}" cy="${y}" r="3" fill="${colour}"><title>${escaped(told)}</title></circle>`
  );
  return `<polyline points="${through}" fill="none" stroke="${colour}" stroke-width="2.5" ` +
    `stroke-linejoin="round"/>${dots.join("")}`;
}

function downOf(value: number, { y }: Axes): number {
  return PLOT.height * (1 - y.at(value));
}

function text(x: number, y: number, content: string, attributes = ""): string {
  return `<text x="${x}" y="${y}"${attributes && ` ${attributes}`}>${escaped(content)}</text>`;
}

function colourOf(number: number): string {
  return COLOURS[number % COLOURS.length]!;
}

function fixed(value: number): number {
  return Number(value.toFixed(1));
}

/** Thousands apart, by a space that does not break. */
function grouped(value: number): string {
  const [whole, fraction] = `${value}`.split(".");
  const thousands = whole!.replace(/\B(?=(\d{3})+$)/g, "\u00a0");
  return fraction ? `${thousands}.${fraction}` : thousands;
}

function escaped(content: string): string {
  return content.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
