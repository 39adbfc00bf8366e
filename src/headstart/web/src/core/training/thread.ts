// The worker's own script: a thread that hears orders as messages.
import { type Order, Thread } from "./worker.ts";

const channel = new MessageChannel();
const rest = (): Promise<void> =>
  new Promise((go) => {
    channel.port1.onmessage = () => {
      go();
    };
    channel.port2.postMessage(0);
  });

const thread = new Thread((answer, moved) => {
  postMessage(answer, { transfer: moved });
}, rest);
onmessage = (event: MessageEvent<Order>) => {
  thread.take(event.data);
};
