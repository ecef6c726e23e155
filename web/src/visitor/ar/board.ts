// A standing sign board for content that is text: a post and a panel, the words painted on. Own geometry, true metres.
import {
  BoxGeometry,
  CanvasTexture,
  DoubleSide,
  Group,
  Mesh,
  MeshBasicMaterial,
  PlaneGeometry,
  SRGBColorSpace,
} from "three";

const WIDE_M = 2.4;
const HIGH_M = 1.8;
const FOOT_M = 0.9;
const PX = 1_024;

export function board(title: string, text: string): Group {
  const texture = new CanvasTexture(paint(title, text));
  texture.colorSpace = SRGBColorSpace;
  texture.anisotropy = 4;
  const panel = new Mesh(
    new PlaneGeometry(WIDE_M, HIGH_M),
    new MeshBasicMaterial({ map: texture, side: DoubleSide }),
  );
  panel.position.set(0, FOOT_M + HIGH_M / 2, 0.04);
  const wood = new MeshBasicMaterial({ color: 0x5b4632 });
  const back = new Mesh(new BoxGeometry(WIDE_M + 0.1, HIGH_M + 0.1, 0.06), wood);
  back.position.set(0, FOOT_M + HIGH_M / 2, 0);
  const posts = [-0.9, 0.9].map((x) => {
    const post = new Mesh(new BoxGeometry(0.1, FOOT_M, 0.08), wood);
    post.position.set(x, FOOT_M / 2, 0);
    return post;
  });
  return new Group().add(back, panel, ...posts);
}

function paint(title: string, text: string): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  canvas.width = PX;
  canvas.height = (PX * HIGH_M) / WIDE_M;
  const pen = canvas.getContext("2d");
  if (!pen) return canvas;
  pen.fillStyle = "#fbfaf7";
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.fillStyle = "#0b5a8a";
  pen.fillRect(0, 0, canvas.width, 16);
  pen.fillStyle = "#14202b";
  const frame = { x: 48, width: canvas.width - 96 };
  const below = write(pen, title, { ...frame, size: 64, weight: 700, y: 100, lines: 2 });
  // As big as it fits; the smallest is cut.
  const room = canvas.height - below - 40;
  const sizes = [64, 56, 48, 40, 34];
  const size = sizes.find((one) => linesOf(pen, text, one, frame.width).length * one * LEADING <= room) ?? 34;
  write(pen, text, {
    ...frame,
    size,
    weight: 400,
    y: below + size / 2,
    lines: Math.floor(room / (size * LEADING)),
  });
  return canvas;
}

const LEADING = 1.4;

function linesOf(pen: CanvasRenderingContext2D, text: string, size: number, width: number): string[] {
  pen.font = font(400, size);
  return wrap(pen, text, width, 100);
}

function font(weight: number, size: number): string {
  return `${weight} ${size}px ${getComputedStyle(document.body).fontFamily}`;
}

interface Hand {
  size: number;
  weight: number;
  x: number;
  y: number;
  width: number;
  lines: number;
}

/** Writes text in lines, as many as there is room for; gives the next line's place. */
function write(pen: CanvasRenderingContext2D, text: string, hand: Hand): number {
  pen.font = font(hand.weight, hand.size);
  const lines = wrap(pen, text, hand.width, hand.lines);
  const step = hand.size * LEADING;
  lines.forEach((line, i) => {
    pen.fillText(line, hand.x, hand.y + i * step, hand.width);
  });
  return hand.y + lines.length * step;
}

/** Breaks between words, and between characters where a script has no spaces, but not before a closing mark. */
function wrap(pen: CanvasRenderingContext2D, text: string, width: number, most: number): string[] {
  const pieces =
    text.slice(0, 1_000).match(/[\u2e80-\uffef][，。、；：！？）》」』”’]*|[^\s\u2e80-\uffef]+\s*|\s+/g) ??
    [];
  const lines: string[] = [];
  let line = "";
  for (const piece of pieces) {
    if (line && pen.measureText(line + piece).width > width) {
      lines.push(line);
      line = "";
    }
    if (lines.length === most) return [...lines.slice(0, -1), `${lines[most - 1].trimEnd()}…`];
    line += piece;
  }
  return line ? [...lines, line] : lines;
}
