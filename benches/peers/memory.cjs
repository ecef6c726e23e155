// An in-memory peer: Express, a flat k-d index, the waypoints as objects. Answers the same question with the same content.
// node memory.cjs PLACES KINDS LIMIT: PLACES are float64 pairs of longitude and latitude, KINDS a JSON list of waypoints whose texts
// they take in turn.
const express = require('express');
const fs = require('fs');

(async () => {
  const { default: KDBush } = await import('kdbush');
  const geokdbush = await import('geokdbush');
  const [places, kindsFile, limit] = process.argv.slice(2);
  const raw = fs.readFileSync(places);
  const lonLat = new Float64Array(raw.buffer, raw.byteOffset, raw.length / 8);
  const count = lonLat.length / 2;
  const index = new KDBush(count);
  for (let i = 0; i < count; i++) index.add(lonLat[2 * i], lonLat[2 * i + 1]);
  index.finish();
  const kinds = JSON.parse(fs.readFileSync(kindsFile, 'utf8'));
  const radians = Math.PI / 180;
  const distance = (lon1, lat1, lon2, lat2) => {
    const a = Math.sin((lat2 - lat1) * radians / 2) ** 2
      + Math.cos(lat1 * radians) * Math.cos(lat2 * radians) * Math.sin((lon2 - lon1) * radians / 2) ** 2;
    return 2 * 6371008.8 * Math.asin(Math.sqrt(a));
  };
  const app = express();
  app.disable('etag').disable('x-powered-by');
  app.get('/v1/nearby', (request, response) => {
    const [lat, lon] = [Number(request.query.lat), Number(request.query.lon)];
    const found = geokdbush.around(index, lon, lat, Number(limit), Number(request.query.radius_m) / 1000);
    const items = found.map((i) => ({
      distance_m: distance(lon, lat, lonLat[2 * i], lonLat[2 * i + 1]),
      waypoint: { ...kinds[i % kinds.length], id: i, position: { lat: lonLat[2 * i + 1], lon: lonLat[2 * i] } },
    }));
    response.json({ items });
  });
  const server = app.listen(0, '127.0.0.1', () => {
    const { address, port } = server.address();
    console.error(JSON.stringify({ message: 'listening', address: `${address}:${port}` }));
    console.error(JSON.stringify({ message: 'ready' }));
  });
  server.keepAliveTimeout = 60000;
})();
