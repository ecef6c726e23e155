// A peer as many are built: Express before PostGIS, the waypoints as JSON out of the table.
// node postgis.cjs URL LIMIT
const express = require('express');
const { Pool } = require('pg');

const [url, limit] = process.argv.slice(2);
const pool = new Pool({ connectionString: url, max: 8 });
const NEARBY = {
  name: 'nearby',
  text: `select id, waypoint, st_x(place::geometry) lon, st_y(place::geometry) lat,
           st_distance(place, st_setsrid(st_makepoint($1, $2), 4326)::geography) distance_m
         from places where st_dwithin(place, st_setsrid(st_makepoint($1, $2), 4326)::geography, $3)
         order by place <-> st_setsrid(st_makepoint($1, $2), 4326)::geography limit $4`,
};
const app = express();
app.disable('etag').disable('x-powered-by');
app.get('/v1/nearby', async (request, response) => {
  const { lat, lon, radius_m } = request.query;
  const { rows } = await pool.query({ ...NEARBY, values: [Number(lon), Number(lat), Number(radius_m), Number(limit)] });
  response.json({ items: rows.map(({ id, waypoint, lat, lon, distance_m }) => ({ distance_m, waypoint: { ...waypoint, id, position: { lat, lon } } })) });
});
const server = app.listen(0, '127.0.0.1', () => {
  const { address, port } = server.address();
  console.error(JSON.stringify({ message: 'listening', address: `${address}:${port}` }));
  console.error(JSON.stringify({ message: 'ready' }));
});
server.keepAliveTimeout = 60000;
