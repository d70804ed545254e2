/**
 * Bounds what comes in before a handler sees it: of a message that is still being read nobody knows how long it will
 * be, so there is a bound on how many are read at a time, and on how long one may take.
 */
import {
  type Metadata,
  ServerInterceptingCall,
  type ServerInterceptor,
  ServerListenerBuilder,
  type StatusObject,
  status,
} from "@grpc/grpc-js";
import { WeirError } from "../errors.ts";

const MOST_READS = 64;
/** As over HTTP: a message that trickles in holds memory. */
const LONGEST_READ_MS = 60_000;

const TOO_MANY = "more comes in at a time than can be read: send it again later";
const TOO_SLOW = {
  code: status.DEADLINE_EXCEEDED,
  details: `expected a whole message within ${LONGEST_READ_MS / 1000} seconds`,
};

/** Says by the metadata why a call may not be made at all. Never rejects. */
type Refuse = (metadata: Metadata) => Promise<StatusObject | undefined>;

/**
 * @param refusalOf makes the status that says an error.
 * @param refuse asked before the call's message is read.
 */
export function guardReads(refusalOf: (error: WeirError) => StatusObject, refuse: Refuse): ServerInterceptor {
  let reads = 0;
  return function guardRead(_method, call) {
    return new ServerInterceptingCall(call, {
      start: (next) => {
        if (reads >= MOST_READS) return call.sendStatus(refusalOf(new WeirError("overloaded", TOO_MANY)));
        reads++;
        let reading = true;
        const late = setTimeout(() => {
          call.sendStatus(TOO_SLOW);
          end();
        }, LONGEST_READ_MS);
        next(
          new ServerListenerBuilder()
            .withOnReceiveMetadata((metadata, pass) => {
              void refuse(metadata).then((refusal) => {
                if (refusal === undefined) return pass(metadata);
                end();
                call.sendStatus(refusal);
              });
            })
            .withOnReceiveHalfClose((pass) => {
              end();
              pass();
            })
            .withOnCancel(end)
            .build(),
        );

        function end(): void {
          if (!reading) return;
          reading = false;
          reads--;
          clearTimeout(late);
        }
      },
    });
  };
}
