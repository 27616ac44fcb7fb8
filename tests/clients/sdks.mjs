// One conversation with the official JavaScript SDKs: a question, a tool call, its result, an answer. Prints what it read.
// Arguments: the dialect (chat, responses or messages), the base URL, the model, "stream" or "whole".
import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";

const [dialect, url, model, mode] = process.argv.slice(2);
const stream = mode === "stream";
const schema = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };
const [name, description] = ["get_weather", "The weather in a city"];
const question = { role: "user", content: "What is the weather in Oslo?" };
const result = "4 degrees, rain";
const openai = new OpenAI({ baseURL: `${url}/v1`, apiKey: "dummy", maxRetries: 0 });
const anthropic = new Anthropic({ baseURL: url, apiKey: "dummy", maxRetries: 0 });

async function chat() {
  const tools = [{ type: "function", function: { name, description, parameters: schema } }];
  const ask = async (messages) =>
    stream
      ? (await openai.chat.completions.stream({ model, messages, tools }).finalChatCompletion()).choices[0].message
      : (await openai.chat.completions.create({ model, messages, tools })).choices[0].message;
  const first = await ask([question]);
  const call = first.tool_calls[0];
  const last = await ask([question, first, { role: "tool", tool_call_id: call.id, content: result }]);
  return { call: [call.function.name, JSON.parse(call.function.arguments)], text: last.content };
}

async function responses() {
  const tools = [{ type: "function", name, description, parameters: schema, strict: false }];
  const ask = async (input) =>
    stream
      ? openai.responses.stream({ model, input, tools, store: false }).finalResponse()
      : openai.responses.create({ model, input, tools, store: false });
  const first = await ask([question]);
  const call = first.output.find((item) => item.type === "function_call");
  const output = { type: "function_call_output", call_id: call.call_id, output: result };
  const last = await ask([question, ...first.output, output]);
  return { call: [call.name, JSON.parse(call.arguments)], text: last.output_text };
}

async function messages() {
  const tools = [{ name, description, input_schema: schema }];
  const ask = async (history) => {
    const body = { model, max_tokens: 500, messages: history, tools };
    return stream ? anthropic.messages.stream(body).finalMessage() : anthropic.messages.create(body);
  };
  const first = await ask([question]);
  const call = first.content.find((block) => block.type === "tool_use");
  const answered = { role: "user", content: [{ type: "tool_result", tool_use_id: call.id, content: result }] };
  const last = await ask([question, { role: "assistant", content: first.content }, answered]);
  return { call: [call.name, call.input], text: last.content.map((block) => block.text ?? "").join("") };
}

console.log(JSON.stringify(await { chat, responses, messages }[dialect]()));
