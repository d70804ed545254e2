import {
  IconArrowBackUp,
  IconArrowFork,
  IconArrowsSplit2,
  IconBinaryTree,
  IconClock,
  IconFlag,
  IconHourglass,
  IconListNumbers,
  IconMailQuestion,
  IconPencil,
  IconPlayerPlay,
  IconPoint,
  IconRepeat,
  IconStack2,
} from "@tabler/icons-react";
import type { TreeNode } from "./tree-rows.ts";

const icons = new Map<string, typeof IconPoint>([
  ["sequence", IconListNumbers],
  ["repeat", IconRepeat],
  ["wait", IconClock],
  ["waitUntil", IconMailQuestion],
  ["debounce", IconHourglass],
  ["setState", IconPencil],
  ["run", IconPlayerPlay],
  ["parallel", IconArrowsSplit2],
  ["race", IconFlag],
  ["each", IconStack2],
  ["when", IconArrowFork],
  ["compensate", IconArrowBackUp],
  ["workflow", IconBinaryTree],
]);

/** What a node does; its word stands beside it. */
export function NodeTypeIcon({ type }: { type: TreeNode["type"] }) {
  const Icon = icons.get(type) ?? IconPoint;
  return <Icon size={15} stroke={1.7} aria-hidden="true" />;
}
