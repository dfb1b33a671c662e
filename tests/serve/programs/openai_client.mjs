// The official client of OpenAI for JavaScript, unchanged: node openai_client.mjs NODE_MODULES URL KEY < TEXTS-AND-VECTORS
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { join } from "node:path";

const [modules, url, key] = process.argv.slice(2);
const OpenAI = createRequire(join(modules, "..", "from.js"))("openai");
const { texts, vectors, count, long, tokens } = JSON.parse(readFileSync(0, "utf8"));
const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: key, maxRetries: 0, timeout: 60_000 });

const check = (name, holds, found = "") => console.log(JSON.stringify([name, Boolean(holds), String(found).slice(0, 500)]));
const far = (one, other) => one.length === other.length ? Math.max(...one.map((x, place) => Math.abs(x - other[place]))) : Infinity;
const farthest = (answer) => Math.max(...answer.data.map((row, place) => far(row.embedding, vectors[place])));

async function refused(name, kind, call, holds = () => true) {
  try {
    check(name, false, JSON.stringify(await call()));
  } catch (error) {
    check(name, error instanceof kind && error.constructor === kind && holds(error), `${error.constructor.name}: ${error.message}`);
  }
}

const models = [];
for await (const model of client.models.list()) models.push(model.id);
check("models are listed", models.length > 0, models);
const model = models[0];
const answer = await client.embeddings.create({ model, input: texts });
check("the default is answered", answer.data.length === texts.length && farthest(answer) <= 1e-6, farthest(answer));
check("usage counts the tokens", answer.usage.total_tokens === count && answer.usage.prompt_tokens === count, JSON.stringify(answer.usage));
const floats = await client.embeddings.create({ model, input: texts, encoding_format: "float" });
check("float is answered", farthest(floats) <= 1e-6, farthest(floats));
const base64 = await client.embeddings.create({ model, input: texts[0], encoding_format: "base64" });
check("base64 is a text", typeof base64.data[0].embedding === "string", typeof base64.data[0].embedding);
check("token ids are answered", farthest(await client.embeddings.create({ model, input: tokens })) <= 1e-6);
const cut = await client.embeddings.create({ model, input: texts[0], dimensions: 32 });
check("dimensions are cut", cut.data[0].embedding.length === 32);

const create = (body) => client.embeddings.create({ model, ...body });
await refused("an empty text", OpenAI.BadRequestError, () => create({ input: "" }));
await refused("another type", OpenAI.BadRequestError, () => create({ input: 5 }));
await refused("a long text", OpenAI.BadRequestError, () => create({ input: long }), (error) => error.code === "context_length_exceeded");
await refused("another model", OpenAI.NotFoundError, () => create({ model: "nosuch", input: "a" }), (error) => error.code === "model_not_found");
const stranger = new OpenAI({ baseURL: `${url}/v1`, apiKey: "sk-wrong", maxRetries: 0 });
await refused("a wrong key", OpenAI.AuthenticationError, () => stranger.embeddings.create({ model, input: "a" }));
