// The page of an exhibit in 3-D and around the visitor. What draws is big and loaded only here.
import { useSignal, useSignalEffect } from "@preact/signals";
import { say } from "../../shared/i18n";
import type { ArView } from "../ar/view";
import { waypoint } from "../content";
import { Await, Title } from "../parts";

type View = { state: "loading" } | { state: "unreached" } | { state: "here"; View: typeof ArView };

export function ArPage({ route, id }: { route: string; id: string }) {
  const view = useSignal<View>({ state: "loading" });
  useSignalEffect(() => {
    void import("../ar/view").then(
      (part) => {
        view.value = { state: "here", View: part.ArView };
      },
      () => {
        view.value = { state: "unreached" };
      },
    );
  });
  const now = view.value;
  return (
    <Await key={id} of={waypoint(`${route}/${id}`)}>
      {(stop) => (
        <>
          <Title>{stop.exhibits[0]?.title ?? stop.title}</Title>
          {now.state === "loading" && (
            <p role="status">{say("正在打开立体部分……", "Opening the 3-D part …")}</p>
          )}
          {now.state === "unreached" && (
            <p role="alert">
              {say(
                "现在连不上网，立体部分不在手机里。把路线存进手机后，没有网络也能看。",
                "There is no network, and the 3-D part is not on the phone. Take the route along to see it without a network.",
              )}
            </p>
          )}
          {now.state === "here" && <now.View key={stop.id + stop.title} stop={stop} />}
        </>
      )}
    </Await>
  );
}
