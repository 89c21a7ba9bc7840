// Waits for something to become true, and says what it waited for when it does not.
import { setTimeout as pause } from "node:timers/promises";

/**
 * Asks `question` again and again until its answer is truthy, and returns that answer.
 * @param {string} what what is waited for, for the failure's message
 * @param {() => Promise<any> | any} question
 * @param {number} seconds how long to go on asking
 */
export async function until(what, question, seconds = 30) {
  const deadline = performance.now() + seconds * 1000;
  for (;;) {
    const answer = await question();
    if (answer) return answer;
    if (performance.now() > deadline) throw new Error(`waited ${seconds} s in vain: ${what}`);
    await pause(50);
  }
}
