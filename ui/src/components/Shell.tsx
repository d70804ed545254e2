import { ActionIcon } from "@mantine/core";
import { IconKeyboard, IconSearch } from "@tabler/icons-react";
import { Link, Outlet, useNavigate, useRouter } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { KeysDialog } from "../keyboard/KeysDialog.tsx";
import { useKeys } from "../keyboard/useKeys.ts";
import { pages } from "../pages.ts";
import { Palette } from "../palette/Palette.tsx";
import { Account } from "./Account.tsx";
import { focusSearch } from "./focusSearch.ts";
import { LiveIndicator } from "./LiveIndicator.tsx";
import { Logo } from "./Logo.tsx";
import { OpenNotice } from "./OpenNotice.tsx";
import { OwnCustomer } from "./OwnCustomer.tsx";
import { Said } from "./Said.tsx";
import { SchemeMenu } from "./SchemeMenu.tsx";
import styles from "./Shell.module.css";
import { StuckCount } from "./StuckCount.tsx";

const commandKey = /Mac|iP(hone|ad)/.test(navigator.userAgent) ? "⌘" : "Ctrl ";

export function Shell() {
  const [shown, setShown] = useState<"palette" | "keys" | null>(null);
  const router = useRouter();
  const navigate = useNavigate();
  useKeys({
    ...Object.fromEntries(pages.map(({ to, key }) => [`g ${key}`, () => void navigate({ to })])),
    "/": () => focusSearch(router),
    "?": () => setShown("keys"),
  });
  useCommandKey(() => setShown((before) => (before === "palette" ? null : "palette")));
  const close = () => setShown(null);
  return (
    <>
      <a href="#main" className={styles["skip"]}>
        Skip to content
      </a>
      <header className={styles["top"]}>
        <Link to="/" className={styles["brand"]} aria-label="Weir, customers">
          <Logo />
          <span className={styles["word"]}>Weir</span>
        </Link>
        <nav className={styles["nav"]} aria-label="Pages">
          {pages.map(({ to, label }) => (
            <Link
              key={to}
              to={to}
              activeOptions={{ exact: to === "/", includeSearch: false }}
              className={styles["link"]}
            >
              {label}
              {to === "/stuck" && <StuckCount />}
            </Link>
          ))}
        </nav>
        <span className={styles["right"]}>
          <LiveIndicator />
          <button type="button" className={styles["goTo"]} onClick={() => setShown("palette")}>
            <IconSearch size={15} stroke={1.8} aria-hidden="true" />
            <span className={styles["goToWord"]}>Go to…</span>
            <kbd className="key">{commandKey}K</kbd>
          </button>
          <ActionIcon
            variant="subtle"
            color="gray"
            size={30}
            aria-label="Keys"
            title="Keys (?)"
            className={styles["keys"] ?? ""}
            onClick={() => setShown("keys")}
          >
            <IconKeyboard size={18} stroke={1.6} />
          </ActionIcon>
          <SchemeMenu />
          <Account />
        </span>
      </header>
      <main id="main" className={styles["main"]}>
        <OwnCustomer>
          <Outlet />
        </OwnCustomer>
      </main>
      <OpenNotice />
      {shown === "palette" && <Palette onClose={close} />}
      {shown === "keys" && <KeysDialog onClose={close} />}
      <Said />
    </>
  );
}

/** ⌘K or Ctrl+K, wherever the focus is. */
function useCommandKey(onPress: () => void): void {
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.key !== "k" || event.shiftKey || event.altKey || event.metaKey === event.ctrlKey) return;
      event.preventDefault();
      onPress();
    };
    document.addEventListener("keydown", onKeyDown);
    return () => document.removeEventListener("keydown", onKeyDown);
  });
}
