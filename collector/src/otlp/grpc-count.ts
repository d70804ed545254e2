/**
 * Counts the calls over gRPC by what they were answered with, by the handler or before it. What the library refuses by
 * itself (methods that are not there, messages over its limit) does not come by here.
 */
import { ServerInterceptingCall, type ServerInterceptor, status } from "@grpc/grpc-js";

/** @param answers how many there are of each status, by its name. */
export function countAnswers(answers: Map<string, number>): ServerInterceptor {
  return function countAnswer(_method, call) {
    return new ServerInterceptingCall(call, {
      sendStatus: (answer, next) => {
        const name = status[answer.code ?? status.UNKNOWN] ?? "UNKNOWN";
        answers.set(name, (answers.get(name) ?? 0) + 1);
        next(answer);
      },
    });
  };
}
