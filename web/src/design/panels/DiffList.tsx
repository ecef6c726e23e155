// What differs between two states of a route, stop by stop and field by field, before and after side by side.

import type { Schemas } from "../../shared/api";
import { metres, say, shown } from "../../shared/i18n";
import { pathName, valueName } from "../words/fields";

export function isEmpty(diff: Schemas["Diff"]): boolean {
  return !(
    diff.added.length ||
    diff.removed.length ||
    diff.changed.length ||
    diff.fields.length ||
    diff.line
  );
}

export function DiffList({ diff }: { diff: Schemas["Diff"] }) {
  if (isEmpty(diff)) return <p>{say("没有差别。", "Nothing differs.")}</p>;
  return (
    <ul class="plain diff">
      {diff.fields.length > 0 && (
        <li class="card">
          <strong>{say("整条路线", "The route itself")}</strong>
          <Fields fields={diff.fields} />
        </li>
      )}
      {diff.line && (
        <li class="card">
          {say("路线走向", "Line on the map")}: {metres(diff.line.length_before_m)} →{" "}
          {metres(diff.line.length_after_m)}
        </li>
      )}
      {diff.added.map((one) => (
        <li key={one.id} class="card">
          <span class="good">＋ {say("新增", "New")}</span>{" "}
          <span class="clip2">{`${one.order}. ${shown(one.title)}`}</span>
        </li>
      ))}
      {diff.removed.map((one) => (
        <li key={one.id} class="card">
          <span class="bad">－ {say("移除", "Gone")}</span>{" "}
          <span class="clip2">{`${one.order}. ${shown(one.title)}`}</span>
        </li>
      ))}
      {diff.changed.map((one) => (
        <li key={one.id} class="card">
          <span class="doubt">~ {say("修改", "Changed")}</span>{" "}
          <strong class="clip2">{shown(one.title)}</strong>
          {one.moved_m !== undefined && one.moved_m !== null && (
            <p>{say(`位置移动 ${one.moved_m} 米`, `Moved by ${one.moved_m} m`)}</p>
          )}
          {one.order && (
            <p>
              {say(
                `从第 ${one.order.from} 站到第 ${one.order.to} 站`,
                `From stop ${one.order.from} to stop ${one.order.to}`,
              )}
            </p>
          )}
          <Fields fields={one.fields} />
        </li>
      ))}
    </ul>
  );
}

function Fields({ fields }: { fields: Schemas["FieldChange"][] }) {
  return (
    <dl class="changes">
      {fields.map((one) => (
        <div key={one.path}>
          <dt>{pathName(one.path)}</dt>
          <dd>
            <del dir="auto">{valueName(one.from)}</del>
            <ins dir="auto">{valueName(one.to)}</ins>
          </dd>
        </div>
      ))}
    </dl>
  );
}
