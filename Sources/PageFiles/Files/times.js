// Times as they are shown: in the reader's zone, in the order of their size.

const two = (number) => String(number).padStart(2, "0");
const day = (date) => `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
const time = (date) => `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;

function shown(value, write) {
  if (value === null || value === undefined || value === "") return "";
  const date = new Date(value);
  return Number.isNaN(date.getTime()) ? String(value) : write(date);
}

/** 2026-01-31 05:00:42 */
export const dayAndClock = (value) => shown(value, (date) => `${day(date)} ${time(date)}`);

/** 05:00:42 */
export const clock = (value) => shown(value, time);

/** 05:00:42.123 */
export const exactClock = (value) => shown(value, (date) => `${time(date)}.${String(date.getMilliseconds()).padStart(3, "0")}`);

/** The clock for today, with the day for any other: for lists. */
export const recent = (value) => shown(value, (date) => day(date) === day(new Date()) ? time(date) : `${day(date)} ${time(date).slice(0, 5)}`);
