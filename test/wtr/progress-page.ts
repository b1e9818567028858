/** Runs in each test page before Mocha: reports how many tests the file has, and the result of each. */
import { executeServerCommand } from '@web/test-runner-commands';
import { PLAN, STEP } from './progress.js';
import type { TestPlan, TestStep } from './progress.js';

interface MochaTest {
  fullTitle(): string;
}

interface MochaRunner {
  total: number;
  on(event: 'pass' | 'pending' | 'hook end', listener: (test: MochaTest) => void): void;
  on(event: 'fail', listener: (test: MochaTest, error: Error) => void): void;
}

const send = (command: string, payload: TestPlan | TestStep): void => {
  // the promise is rejected if the page closes before the runner answers
  executeServerCommand(command, payload).catch(() => undefined);
};

function reportProgress(runner: MochaRunner): void {
  send(PLAN, { planned: runner.total });
  runner.on('pass', (test) => send(STEP, { state: 'passed', title: test.fullTitle() }));
  runner.on('pending', (test) => send(STEP, { state: 'pending', title: test.fullTitle() }));
  runner.on('fail', (test, { message }) => send(STEP, { state: 'failed', title: test.fullTitle(), message }));
  // shows that the page is alive: the runner ends a page that reports nothing for a long time
  runner.on('hook end', () => send(STEP, {}));
}

// the test framework assigns its Mocha runner to this property just before it starts the tests
Object.defineProperty(window, '__WTR_MOCHA_RUNNER__', { set: reportProgress });
