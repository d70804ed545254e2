import { Button } from "@mantine/core";

/** Out, and back to this page with another key: to who is in, the log-in would show the page that he was refused. */
export function OtherKey() {
  const { pathname, search } = window.location;
  return (
    <form method="post" action="/logout">
      <input type="hidden" name="next" value={pathname + search} />
      <Button type="submit" variant="default" size="xs">
        Log in with another key
      </Button>
    </form>
  );
}
