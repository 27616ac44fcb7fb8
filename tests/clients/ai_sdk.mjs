// What programs do with Vercel's AI SDK: jobs, one after the other. Prints what each one read.
// Arguments: the provider, the base URL, the model, "stream" or "whole", the jobs.
import { createAnthropic } from "@ai-sdk/anthropic";
import { createGoogle } from "@ai-sdk/google";
import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { generateText, isStepCount, jsonSchema, Output, streamText, tool } from "ai";

const [provider, url, id, mode, ...wanted] = process.argv.slice(2);
const png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+M8AAAMBAQDJ/pLvAAAAAElFTkSuQmCC";
let references = 0;
const settings = {
  apiKey: "dummy",
  baseURL: `${url}/${provider === "google" ? "v1beta" : "v1"}`,
  fetch: (address, init) => {
    references += init.body.split('"item_reference"').length - 1;
    return fetch(address, init);
  },
};
const compatible = { name: "copilot-api", includeUsage: true, supportsStructuredOutputs: true };
const model = {
  openai: () => createOpenAI(settings)(id), // Responses, and the server is to remember
  compatible: () => createOpenAICompatible({ ...settings, ...compatible })(id),
  anthropic: () => createAnthropic(settings)(id),
  google: () => createGoogle(settings)(id),
}[provider]();

const schemaOf = (properties) =>
  jsonSchema({ type: "object", properties, required: Object.keys(properties), additionalProperties: false });
const called = [];
const tools = {
  get_weather: tool({
    description: "The weather in a city",
    inputSchema: schemaOf({ city: { type: "string" } }),
    execute: async ({ city }) => {
      called.push(city);
      return `${city}: 4 degrees`;
    },
  }),
};

// A stream is read to its end before anything else is asked of it; what went wrong in it is thrown.
async function ask(options) {
  const call = { model, maxRetries: 0, maxOutputTokens: 8000, ...options };
  if (mode === "whole") return generateText(call);
  const result = streamText({ ...call, onError: () => {} });
  const seen = { pieces: 0 };
  for await (const part of result.stream) {
    if (part.type === "error") throw part.error;
    if (part.type === "text-delta") seen.pieces += 1;
  }
  for (const name of ["text", "finishReason", "usage", "steps", "responseMessages"]) seen[name] = await result[name];
  if (options.output) seen.output = await result.output;
  return seen;
}

async function question() {
  const { text, pieces, finishReason, usage } = await ask({ prompt: "Say one, two, three." });
  const tokens = [usage.inputTokens, usage.outputTokens, usage.inputTokenDetails.cacheReadTokens];
  return { text, pieces, finishReason, tokens };
}

// Steps with tools, and then another question to the same conversation. Thought is shown where a provider can be asked to.
async function steps() {
  const shown = {
    openai: { forceReasoning: true, reasoningSummary: "auto" },
    google: { thinkingConfig: { includeThoughts: true } },
  };
  const messages = [{ role: "user", content: "What is the weather in Norway?" }];
  const options = { tools, stopWhen: isStepCount(5), reasoning: "high", providerOptions: shown };
  const first = await ask({ ...options, messages });
  messages.push(...first.responseMessages, { role: "user", content: "And in Vardø?" });
  const last = await ask({ ...options, messages });
  const steps = first.steps.map(({ text, reasoningText, finishReason, toolCalls }) => {
    return { text, thought: reasoningText, finishReason, calls: toolCalls.length };
  });
  return { called, references, steps, last: last.text };
}

async function picture() {
  const file = { type: "file", mediaType: "image/png", data: Buffer.from(png, "base64") };
  const content = [{ type: "text", text: "What is this?" }, file];
  return { text: (await ask({ messages: [{ role: "user", content }] })).text };
}

async function object() {
  const schema = schemaOf({ city: { type: "string" }, degrees: { type: "integer" } });
  return (await ask({ output: Output.object({ schema }), prompt: "The weather in Oslo, please." })).output;
}

async function problem() {
  try {
    const { text, finishReason } = await ask({ prompt: "Hello" });
    return { text, finishReason };
  } catch ({ statusCode, message, isRetryable, responseHeaders }) {
    return { statusCode, message, isRetryable, retryAfter: responseHeaders?.["retry-after"] };
  }
}

const jobs = { question, steps, picture, object, problem };
const read = [];
for (const name of wanted) read.push(await jobs[name]());
console.log(JSON.stringify(read));
