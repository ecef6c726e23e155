// Questions of a stop: three or four options, one of them right.
import { say } from "../../shared/i18n";
import type { Question } from "../model";
import { frozen } from "../store";
import { Line, Listed, Pair } from "./fields";
import type { PartProps } from "./StopForm";

const LETTERS = ["a", "b", "c", "d"];
const OPTIONS_MIN = 3;

export function QuestionsPart({ stop, put }: PartProps) {
  const questions = stop.questions ?? [];
  return (
    <Listed
      items={questions}
      name={say("问题", "Question")}
      addWords={say("添加问题", "Add a question")}
      blank={() => blank(questions)}
      onChange={(next) => put({ questions: next }, null)}
    >
      {(question, at) => (
        <QuestionFields
          question={question}
          path={`questions[${at}]`}
          onChange={(members, what) =>
            put(
              { questions: questions.map((one, i) => (i === at ? { ...one, ...members } : one)) },
              what && `question${at}/${what}`,
            )
          }
        />
      )}
    </Listed>
  );
}

function blank(questions: Question[]): Question {
  const taken = new Set(questions.map((one) => one.id));
  let number = questions.length + 1;
  while (taken.has(`q${number}`)) number += 1;
  const options = LETTERS.slice(0, OPTIONS_MIN).map((id) => ({ id, text: {} }));
  return { id: `q${number}`, prompt: {}, options, key: "a", explanation: {}, source: "" };
}

interface FieldsProps {
  question: Question;
  path: string;
  onChange: (members: Question, what: string | null) => void;
}

function QuestionFields({ question, path, onChange }: FieldsProps) {
  const options = question.options ?? [];
  return (
    <>
      <Pair
        label={say("题目", "Question")}
        path={`${path}.prompt`}
        long
        value={question.prompt}
        onChange={(prompt) => onChange({ prompt }, "prompt")}
      />
      {options.map((option, i) => (
        <div key={option.id ?? i} class="option">
          <label class="tick">
            <input
              type="radio"
              name={`${path}-key`}
              data-path={i === 0 ? `${path}.key` : undefined}
              disabled={frozen.value}
              checked={question.key === option.id}
              onChange={() => onChange({ key: option.id }, null)}
            />
            {say(`选项 ${option.id} 正确`, `Option ${option.id} is right`)}
          </label>
          <Pair
            label={say(`选项 ${option.id}`, `Option ${option.id}`)}
            path={`${path}.options[${i}].text`}
            value={option.text}
            onChange={(text) =>
              onChange({ options: options.map((one, k) => (k === i ? { ...one, text } : one)) }, `option${i}`)
            }
          />
        </div>
      ))}
      <Amount question={question} onChange={onChange} />
      <Pair
        label={say("解析", "Explanation")}
        path={`${path}.explanation`}
        long
        value={question.explanation}
        onChange={(explanation) => onChange({ explanation }, "explanation")}
      />
      <Line
        label={say("出处（必填）", "Source (needed)")}
        path={`${path}.source`}
        value={question.source ?? ""}
        onChange={(source) => onChange({ source }, "source")}
      />
    </>
  );
}

/** Three or four options. */
function Amount({ question, onChange }: Omit<FieldsProps, "path">) {
  const options = question.options ?? [];
  const more = () => {
    const id = LETTERS.find((letter) => !options.some((one) => one.id === letter));
    onChange({ options: [...options, { id, text: {} }] }, null);
  };
  const fewer = () => {
    const left = options.slice(0, -1);
    const key = left.some((one) => one.id === question.key) ? question.key : left[0]?.id;
    onChange({ options: left, key }, null);
  };
  return (
    <div class="row">
      {options.length < LETTERS.length && (
        <button type="button" class="quiet" disabled={frozen.value} onClick={more}>
          {say("加一个选项", "One more option")}
        </button>
      )}
      {options.length > OPTIONS_MIN && (
        <button type="button" class="quiet" disabled={frozen.value} onClick={fewer}>
          {say("去掉最后一个选项", "Remove the last option")}
        </button>
      )}
    </div>
  );
}
