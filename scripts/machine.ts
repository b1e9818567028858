/** Finds the programs that the tests need on this machine: browsers, S3 server, database, languages. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';

export const TOOLS = ['chromium', 'firefox', 'webkit', 'ceph', 'postgres', 'flask', 'php', 'ruby'] as const;
export type Tool = (typeof TOOLS)[number];

export interface FoundTool {
  /** Path of the program to start: the browser, WebKit's driver, the S3 gateway, PostgreSQL's server, an interpreter. */
  path: string;
  version: string;
}

const MAC_APPS = '/Applications';
/** Debian installs its Python packages for this Python only; PATH may name another one first. */
const SYSTEM_PYTHON = '/usr/bin/python3';

/** Finds the first of several programs in PATH, or in the folders that a user's PATH lacks on Debian. */
function findInPath(...names: string[]): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(path.delimiter), '/usr/sbin', '/sbin'];
  return names.flatMap((name) => folders.map((folder) => path.join(folder, name))).find((file) => existsSync(file));
}

/** Runs a program. @returns the first line that it prints; undefined if it fails */
function firstOutputLine(program: string, args: string[]): string | undefined {
  const { status, stdout } = spawnSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  return status === 0 ? stdout.trim().split('\n')[0] : undefined;
}

function withVersion(file: string | undefined, args: string[] = ['--version']): FoundTool | undefined {
  if (!file || !existsSync(file)) return undefined;
  const version = firstOutputLine(file, args);
  return version === undefined ? undefined : { path: file, version };
}

function findWebKit(): FoundTool | undefined {
  const hasDisplay = Boolean(process.env.DISPLAY) || Boolean(findInPath('Xvfb'));
  const script =
    'import gi; gi.require_version("WebKit2", "4.1"); from gi.repository import WebKit2 as w; '
    + 'print("WebKitGTK %d.%d.%d" % (w.get_major_version(), w.get_minor_version(), w.get_micro_version()))';
  const driver = findInPath('WebKitWebDriver');
  const version = hasDisplay ? firstOutputLine(SYSTEM_PYTHON, ['-c', script]) : undefined;
  return driver && version ? { path: driver, version } : undefined;
}

function findCeph(): FoundTool | undefined {
  const programs = ['ceph', 'ceph-mon', 'ceph-osd', 'radosgw-admin', 'monmaptool'];
  return programs.every((name) => findInPath(name)) ? withVersion(findInPath('radosgw')) : undefined;
}

/** Finds the newest PostgreSQL. Debian keeps each version in a folder of its own, outside PATH. */
function findPostgres(): FoundTool | undefined {
  const root = '/usr/lib/postgresql';
  const versions = existsSync(root) ? readdirSync(root).sort((a, b) => Number(b) - Number(a)) : [];
  const folders = [
    ...versions.map((version) => path.join(root, version, 'bin')),
    path.dirname(findInPath('initdb') ?? '/'),
  ];
  const folder = folders.find((candidate) =>
    ['postgres', 'initdb', 'pg_isready'].every((name) => existsSync(path.join(candidate, name))),
  );
  return folder === undefined ? undefined : withVersion(path.join(folder, 'postgres'));
}

/** Finds Python, if it has the packages that the Flask backend imports. */
function findFlask(): FoundTool | undefined {
  const version = firstOutputLine(SYSTEM_PYTHON, [
    '-c',
    'import boto3, flask, sqlalchemy; from importlib.metadata import version as v; '
      + 'print("Flask", v("flask"), "SQLAlchemy", v("sqlalchemy"), "boto3", v("boto3"))',
  ]);
  return version === undefined ? undefined : { path: SYSTEM_PYTHON, version };
}

/** Finds PHP, if it has the extension that the PHP backend uses. */
function findPhp(): FoundTool | undefined {
  const program = findInPath('php');
  const script = 'exit(extension_loaded("pdo_sqlite") ? 0 : 1);';
  return program && firstOutputLine(program, ['-r', script]) !== undefined ? withVersion(program) : undefined;
}

/** Finds Ruby, if it has the gems that the Sinatra backend requires, and a server for it. */
function findRuby(): FoundTool | undefined {
  const program = findInPath('ruby');
  if (!program) return undefined;
  const script =
    'require "sinatra/base"; require "sqlite3"; require "puma"; puts "Ruby #{RUBY_VERSION}, Sinatra #{Sinatra::VERSION}"';
  const version = firstOutputLine(program, ['-e', script]);
  return version === undefined ? undefined : { path: program, version };
}

/** Finds one tool. The environment variables `CHROMIUM` and `FIREFOX` select other programs. */
export function findTool(tool: Tool): FoundTool | undefined {
  switch (tool) {
    case 'chromium':
      return withVersion(
        process.env.CHROMIUM
          ?? findInPath('chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome')
          ?? path.join(MAC_APPS, 'Google Chrome.app/Contents/MacOS/Google Chrome'),
      );
    case 'firefox':
      return withVersion(
        process.env.FIREFOX
          ?? findInPath('firefox-esr', 'firefox')
          ?? path.join(MAC_APPS, 'Firefox.app/Contents/MacOS/firefox'),
      );
    case 'webkit':
      return findWebKit();
    case 'ceph':
      return findCeph();
    case 'postgres':
      return findPostgres();
    case 'flask':
      return findFlask();
    case 'php':
      return findPhp();
    case 'ruby':
      return findRuby();
  }
}

/** Finds one tool, as `findTool`. @throws Error that names the packages to install */
export function requireTool(tool: Tool): FoundTool {
  const found = findTool(tool);
  if (!found) throw new Error(`${tool} is not on this machine. ${installAdvice([tool])}`);
  return found;
}

/** The names of Debian's packages. */
export const PACKAGES: Readonly<Record<Tool, readonly string[]>> = {
  chromium: ['chromium'],
  firefox: ['firefox-esr'],
  webkit: ['webkit2gtk-driver', 'xvfb', 'python3-gi', 'gir1.2-webkit2-4.1'],
  ceph: ['radosgw', 'ceph-mon', 'ceph-osd', 'ceph-common'],
  postgres: ['postgresql'],
  flask: ['python3-flask', 'python3-sqlalchemy', 'python3-boto3'],
  php: ['php-cli', 'php-sqlite3'],
  ruby: ['ruby', 'ruby-sinatra', 'ruby-sqlite3', 'puma'],
};

/** Returns sentences that say which packages to install. */
export function installAdvice(tools: readonly Tool[]): string {
  const packages = tools.flatMap((tool) => PACKAGES[tool]).join(' ');
  return `On Debian: apt-get install --no-install-recommends ${packages}. Elsewhere, install the same programs.`;
}
