// The fields that all parts of the form are made of. What is typed is in the content at once; leaving the field ends the step that Undo
// takes back. `path` is the name by which the lint finds a field.
import { useSignal } from "@preact/signals";
import { useId } from "preact/hooks";
import { type Lang, say } from "../../shared/i18n";
import type { Text } from "../model";
import { endStep, frozen } from "../store";

interface LineProps {
  label: string;
  value: string;
  path: string;
  onChange: (value: string) => void;
  long?: boolean;
  lang?: Lang;
  hint?: string;
}

/** Text in one language, or in none. */
export function Line({ label, value, path, onChange, long, lang, hint }: LineProps) {
  const id = useId();
  const common = {
    id,
    lang,
    value,
    "data-path": path,
    disabled: frozen.value,
    "aria-describedby": hint ? `${id}h` : undefined,
    dir: "auto" as const,
    onBlur: endStep,
  };
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {long ? (
        <textarea {...common} rows={4} onInput={(event) => onChange(event.currentTarget.value)} />
      ) : (
        <input {...common} type="text" onInput={(event) => onChange(event.currentTarget.value)} />
      )}
      {hint && (
        <p class="soft small" id={`${id}h`}>
          {hint}
        </p>
      )}
    </div>
  );
}

interface PairProps {
  label: string;
  value: Text | undefined;
  path: string;
  onChange: (value: Text) => void;
  long?: boolean;
}

/** The same text in both languages, side by side. An emptied language is left out. */
export function Pair({ label, value, path, onChange, long }: PairProps) {
  const put = (lang: Lang, text: string) => {
    const { [lang]: _, ...others } = value ?? {};
    onChange(text ? { ...others, [lang]: text } : others);
  };
  return (
    <fieldset class="pair">
      <legend>{label}</legend>
      {(["zh-CN", "en"] as const).map((lang) => (
        <Line
          key={lang}
          lang={lang}
          label={lang === "en" ? "English" : "中文"}
          value={value?.[lang] ?? ""}
          path={`${path}.${lang}`}
          long={long}
          onChange={(text) => put(lang, text)}
        />
      ))}
    </fieldset>
  );
}

interface NumberProps {
  label: string;
  value: number | null | undefined;
  path: string;
  onChange: (value: number) => void;
  min?: number;
  max?: number;
  hint?: string;
}

/**
 * A number; what is not one within the limits is not taken, and said. While somebody types, what they typed stands: "1.0" on the way to
 * "1.05" is not made "1".
 */
export function NumberField({ label, value, path, onChange, min, max, hint }: NumberProps) {
  const id = useId();
  const typed = useSignal<string | null>(null);
  const take = (event: Event) => {
    const input = event.currentTarget as HTMLInputElement;
    typed.value = input.value;
    if (input.value !== "" && input.checkValidity()) onChange(input.valueAsNumber);
  };
  const settle = (event: Event) => {
    if ((event.currentTarget as HTMLInputElement).reportValidity()) typed.value = null;
    endStep();
  };
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        id={id}
        type="number"
        data-path={path}
        disabled={frozen.value}
        min={min}
        max={max}
        step="any"
        value={typed.value ?? value ?? ""}
        aria-describedby={hint ? `${id}h` : undefined}
        onInput={take}
        onChange={settle}
      />
      {hint && (
        <p class="soft small" id={`${id}h`}>
          {hint}
        </p>
      )}
    </div>
  );
}

interface ChoiceProps {
  label: string;
  value: string;
  path: string;
  options: readonly (readonly [value: string, words: string])[];
  onChange: (value: string) => void;
}

export function Choice({ label, value, path, options, onChange }: ChoiceProps) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <select
        id={id}
        data-path={path}
        disabled={frozen.value}
        value={value}
        onChange={(event) => onChange(event.currentTarget.value)}
      >
        {options.map(([one, words]) => (
          <option key={one} value={one}>
            {words}
          </option>
        ))}
      </select>
    </div>
  );
}

interface ListProps<T> {
  items: readonly T[];
  name: string;
  addWords: string;
  blank: () => T;
  onChange: (items: T[]) => void;
  children: (item: T, at: number, put: (item: T) => void) => preact.ComponentChildren;
}

/** A list of things that are each a small form: added at the end, removed, moved up. */
export function Listed<T>({ items, name, addWords, blank, onChange, children }: ListProps<T>) {
  const put = (at: number, item: T) => onChange(items.map((one, i) => (i === at ? item : one)));
  const drop = (at: number) => onChange(items.filter((_, i) => i !== at));
  const raise = (at: number) => {
    const next = [...items];
    next.splice(at - 1, 0, ...next.splice(at, 1));
    onChange(next);
  };
  return (
    <>
      {items.map((item, at) => (
        <fieldset class="card item" key={at}>
          <legend>{`${name} ${at + 1}`}</legend>
          {children(item, at, (next) => put(at, next))}
          <div class="row">
            {at > 0 && (
              <button type="button" class="quiet" disabled={frozen.value} onClick={() => raise(at)}>
                {say("上移", "Move up")}
              </button>
            )}
            <button type="button" class="quiet" disabled={frozen.value} onClick={() => drop(at)}>
              {say(`删除${name} ${at + 1}`, `Delete ${name} ${at + 1}`)}
            </button>
          </div>
        </fieldset>
      ))}
      <button type="button" disabled={frozen.value} onClick={() => onChange([...items, blank()])}>
        {addWords}
      </button>
    </>
  );
}
