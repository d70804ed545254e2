/** The commands of `weir`, in the order in which its help tells them. */
import { backup } from "./backup.ts";
import type { Command } from "./command.ts";
import { demo } from "./demo.ts";
import { doctor } from "./doctor.ts";
import { exportCommand } from "./export.ts";
import { importCommand } from "./import.ts";
import { keys } from "./keys.ts";
import { prune } from "./prune.ts";
import { restore } from "./restore.ts";
import { serve } from "./serve.ts";

export const COMMANDS: Record<string, Command> = {
  serve,
  keys,
  prune,
  backup,
  restore,
  export: exportCommand,
  import: importCommand,
  doctor,
  demo,
};
