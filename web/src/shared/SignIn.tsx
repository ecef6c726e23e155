// The form that takes a key. The field is read once and emptied; no state of the page ever holds the key.
import { useSignal } from "@preact/signals";
import { useId, useRef } from "preact/hooks";
import { Refused } from "./api";
import { say } from "./i18n";
import { signIn } from "./session";

/** Why it failed, in the words of the page where it knows the reason and else in the server's. */
function reason(error: unknown): string {
  if (!(error instanceof Refused)) {
    return say(
      "没有连上服务器，请检查网络后再试。",
      "The server was not reached. Check the network and try again.",
    );
  }
  const { status, title, detail } = error.problem;
  if (status === 401) return say("没有这个密钥，或已停用。", "This key is not known, or is no longer valid.");
  if (status === 404) return say("这台服务器还不能登录。", "This server has no sign-in.");
  return detail ?? title;
}

export function SignIn() {
  const field = useRef<HTMLInputElement>(null);
  const trouble = useSignal("");
  const busy = useSignal(false);
  const id = useId();
  const submit = async (event: Event) => {
    event.preventDefault();
    const key = field.current?.value.trim() ?? "";
    if (!key || busy.value) return;
    busy.value = true;
    trouble.value = "";
    try {
      await signIn(key);
      if (field.current) field.current.value = "";
    } catch (error) {
      trouble.value = reason(error);
      field.current?.select();
    } finally {
      busy.value = false;
    }
  };
  return (
    <form onSubmit={submit} autocomplete="off">
      <p>
        <label for={`${id}-key`}>{say("密钥", "Key")}</label>
        <br />
        <input
          id={`${id}-key`}
          ref={field}
          type="password"
          autocomplete="off"
          autocapitalize="off"
          spellcheck={false}
          required
          aria-invalid={trouble.value !== ""}
          aria-describedby={`${id}-trouble`}
        />
      </p>
      <p id={`${id}-trouble`} class="bad" role="alert">
        {trouble.value}
      </p>
      <button type="submit" class="primary" disabled={busy.value}>
        {say("登录", "Sign in")}
      </button>
    </form>
  );
}
