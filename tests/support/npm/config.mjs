// The API server over the database of a test session; tests/lite.py sets the environment.
import { createPostgresConnection } from "@supabase/lite/postgres";

// PostgREST's HTTP status by SQLSTATE, the first that fits; 400 for all others.
// https://docs.postgrest.org/en/stable/references/errors.html#http-status-codes
const STATUSES = [
  [/^(08|53(?!400))/, 503],
  [/^(0L|0P|28)/, 403],
  [/^2350[35]/, 409],
  [/^25006/, 405],
  [/^(42883|42P01)/, 404],
  [/^P0001/, 400],
  [/^(09|25|2D|38|39|3B|40|53400|54|55|57|58|F0|HV|P0|XX|42P17)/, 500],
];

// Version 0.10 answers the SQLSTATEs that it does not know with a code and a text of its own. It does pass on
// what a function raises as SQLSTATE 'PGRST', status and body; so each error of the database becomes one of those.
function asPostgrest(error) {
  if (error?.name === "PostgresError" && error.code !== "42501") { // whose status depends on the role
    const status = STATUSES.find(([pattern]) => pattern.test(error.code))?.[1] ?? 400;
    return raised(status, error.code, error.message, error.detail, error.hint);
  }
  if (/^(CONNECT|E[A-Z]+$)/.test(error?.code)) { // of the driver or the system
    return raised(503, "PGRST001", "Database client error. Retrying the connection.", error.message);
  }
  return error;
}

function raised(status, code, message, details = null, hint = null) {
  return {
    code: "PGRST",
    message: JSON.stringify({ code, message, details, hint }),
    detail: JSON.stringify({ status, headers: {} }),
  };
}

const url = new URL(process.env.DATABASE_URL);
const owner = createPostgresConnection({ url: url.href });
url.username = "authenticator";
const connection = createPostgresConnection({ url: url.href });
connection.normalizeDbError = asPostgrest;

// A hosted project's API logs in as a role that owns nothing. Version 0.10 would grant the API's roles all on every
// table before its first answer, and reads the schema from views that hide the tables of others.
connection.ensureRlsContext = async () => true;
connection.introspect = (options) => owner.introspect(options);

export default {
  api: { port: Number(process.env.API_PORT) },
  connection,
  auth: {
    enabled: false,
    publishable_key: process.env.PUBLISHABLE_KEY,
    secret_key: process.env.SECRET_KEY,
  },
};
