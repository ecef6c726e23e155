// Writes a PNG: eight bits a channel, with alpha. Nothing else is needed here.
import { crc32, deflateSync } from "node:zlib";

function chunk(type, data) {
  const out = Buffer.alloc(12 + data.length);
  out.writeUInt32BE(data.length, 0);
  out.write(type, 4, "latin1");
  data.copy(out, 8);
  out.writeUInt32BE(crc32(out.subarray(4, 8 + data.length)), 8 + data.length);
  return out;
}

export function png(width, height, rgba) {
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 6, 0, 0, 0], 8);
  const rows = Buffer.alloc(height * (width * 4 + 1));
  for (let y = 0; y < height; y++) {
    // Filter 2: each byte less the one above it; pictures of smooth shading shrink by it.
    const at = y * (width * 4 + 1);
    rows[at] = 2;
    for (let x = 0; x < width * 4; x++) {
      const above = y > 0 ? rgba[(y - 1) * width * 4 + x] : 0;
      rows[at + 1 + x] = (rgba[y * width * 4 + x] - above) & 255;
    }
  }
  const parts = [
    chunk("IHDR", head),
    chunk("IDAT", deflateSync(rows, { level: 9 })),
    chunk("IEND", Buffer.alloc(0)),
  ];
  return Buffer.concat([Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]), ...parts]);
}
