// What a panel asks the server for, anew whenever the draft has been saved; with what went wrong in words.
import { type Signal, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { read } from "../call";
import { saving, status } from "../store";
import { mistake } from "../words/mistakes";

export interface Asked<T> {
  value: T | null;
  problem: string | null;
}

export function useAsked<T>(path: string): Signal<Asked<T>> {
  const asked = useSignal<Asked<T>>({ value: null, problem: null });
  const ready = saving.value === "saved";
  const etag = status.value?.etag;
  useEffect(() => {
    let late = false;
    if (ready) {
      const tell = (answer: Asked<T>) => {
        if (!late) asked.value = answer;
      };
      read<T>(path).then(
        (value) => tell({ value, problem: null }),
        (error) => tell({ value: null, problem: mistake(error) }),
      );
    }
    return () => {
      late = true;
    };
  }, [path, ready, etag]);
  return asked;
}
