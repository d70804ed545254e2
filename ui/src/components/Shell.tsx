import { Link, Outlet } from "@tanstack/react-router";
import { Account } from "./Account.tsx";
import { LiveIndicator } from "./LiveIndicator.tsx";
import { Logo } from "./Logo.tsx";
import { OpenNotice } from "./OpenNotice.tsx";
import { SchemeMenu } from "./SchemeMenu.tsx";
import styles from "./Shell.module.css";
import { useSearchKey } from "./useSearchKey.ts";

export function Shell() {
  useSearchKey();
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
          <Link to="/" activeOptions={{ exact: true, includeSearch: false }} className={styles["link"]}>
            Customers
          </Link>
          <Link to="/flows" activeOptions={{ includeSearch: false }} className={styles["link"]}>
            Flows
          </Link>
        </nav>
        <span className={styles["right"]}>
          <LiveIndicator />
          <SchemeMenu />
          <Account />
        </span>
      </header>
      <OpenNotice />
      <main id="main" className={styles["main"]}>
        <Outlet />
      </main>
    </>
  );
}
