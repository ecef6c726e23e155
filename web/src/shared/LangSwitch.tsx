import { lang, setLang } from "./i18n";

/** The other language, named in itself. */
export function LangSwitch() {
  const other = lang.value === "zh-CN" ? "en" : "zh-CN";
  return (
    <button type="button" class="quiet" lang={other} onClick={() => setLang(other)}>
      {other === "en" ? "English" : "中文"}
    </button>
  );
}
