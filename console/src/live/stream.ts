/** The stream of news, line by line, over HTTP. */
import { OWN, ask } from "../api/http";

export async function openStream(body: string, line: (text: string) => void, signal: AbortSignal): Promise<void> {
  const response = await ask(`${OWN}/stream`, { method: "POST", headers: { "Content-Type": "application/json" }, body, signal });
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (let read = await reader?.read(); read && !read.done; read = await reader?.read()) {
    const lines = (rest + read.value).split("\n");
    rest = lines.pop() ?? "";
    for (const text of lines) if (text) line(text);
  }
}
