// The API server over the database of a test session; tests/lite.py sets the environment.
import { createPostgresConnection } from "@supabase/lite/postgres";

// Arguments of type jsonb arrive here as JSON already. Version 0.10 encodes them once more, so that
// a function would see a string where PostgREST gives it an object.
const jsonb = {
  to: 3802,
  from: [3802],
  serialize: (value) => (typeof value === "string" ? value : JSON.stringify(value)),
  parse: (text) => JSON.parse(text),
};

export default {
  api: { port: Number(process.env.API_PORT) },
  connection: createPostgresConnection({
    url: process.env.DATABASE_URL,
    postgresOptions: { types: { jsonb } },
  }),
  auth: {
    enabled: false,
    publishable_key: process.env.PUBLISHABLE_KEY,
    secret_key: process.env.SECRET_KEY,
  },
};
