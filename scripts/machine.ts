/**
 * Finds the programs that the tests need on this machine, with their versions: browsers, S3 server, database,
 * languages.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';

export const TOOLS = ['chromium', 'firefox', 'webkit', 'ceph', 'postgres', 'flask', 'php', 'ruby'] as const;
export type Tool = (typeof TOOLS)[number];

export interface Found {
  /**
   * Of the program that is started: the browser, WebKit's driver, the S3 gateway, the database's server, a language.
   */
  path: string;
  version: string;
}

const MAC_APPS = '/Applications';
/** The Python with the distribution's GObject bindings, whichever comes first in PATH. */
const SYSTEM_PYTHON = '/usr/bin/python3';

/** Looks a program up in PATH, with the folders that a user's PATH lacks on Debian. */
function onPath(...names: string[]): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(path.delimiter), '/usr/sbin', '/sbin'];
  return names.flatMap((name) => folders.map((folder) => path.join(folder, name))).find((file) => existsSync(file));
}

function firstLineOf(program: string, args: string[]): string | undefined {
  const { status, stdout } = spawnSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  return status === 0 ? stdout.trim().split('\n')[0] : undefined;
}

function describe(file: string | undefined, args: string[] = ['--version']): Found | undefined {
  if (!file || !existsSync(file)) return undefined;
  const version = firstLineOf(file, args);
  return version === undefined ? undefined : { path: file, version };
}

function findWebKit(): Found | undefined {
  const hasDisplay = Boolean(process.env.DISPLAY) || Boolean(onPath('Xvfb'));
  const ask =
    'import gi; gi.require_version("WebKit2", "4.1"); from gi.repository import WebKit2 as w; '
    + 'print("WebKitGTK %d.%d.%d" % (w.get_major_version(), w.get_minor_version(), w.get_micro_version()))';
  const driver = onPath('WebKitWebDriver');
  const version = hasDisplay ? firstLineOf(SYSTEM_PYTHON, ['-c', ask]) : undefined;
  return driver && version ? { path: driver, version } : undefined;
}

function findCeph(): Found | undefined {
  const needed = ['ceph', 'ceph-mon', 'ceph-osd', 'radosgw-admin', 'monmaptool'];
  return needed.every((name) => onPath(name)) ? describe(onPath('radosgw')) : undefined;
}

/** Debian keeps its programs in one folder per version, outside PATH; this uses the newest. */
function findPostgres(): Found | undefined {
  const root = '/usr/lib/postgresql';
  const versions = existsSync(root) ? readdirSync(root).sort((a, b) => Number(b) - Number(a)) : [];
  const folders = [
    ...versions.map((version) => path.join(root, version, 'bin')),
    path.dirname(onPath('initdb') ?? '/'),
  ];
  const folder = folders.find((one) =>
    ['postgres', 'initdb', 'pg_isready'].every((name) => existsSync(path.join(one, name))),
  );
  return folder === undefined ? undefined : describe(path.join(folder, 'postgres'));
}

/** Python with what the Flask backend imports. */
function findFlask(): Found | undefined {
  const version = firstLineOf(SYSTEM_PYTHON, [
    '-c',
    'import boto3, flask, sqlalchemy; from importlib.metadata import version as v; '
      + 'print("Flask", v("flask"), "SQLAlchemy", v("sqlalchemy"), "boto3", v("boto3"))',
  ]);
  return version === undefined ? undefined : { path: SYSTEM_PYTHON, version };
}

/** PHP with what its backend uses. */
function findPhp(): Found | undefined {
  const program = onPath('php');
  const ask = 'exit(extension_loaded("pdo_sqlite") ? 0 : 1);';
  return program && firstLineOf(program, ['-r', ask]) !== undefined ? describe(program) : undefined;
}

/** Ruby with what its backend requires. */
function findRuby(): Found | undefined {
  const program = onPath('ruby');
  if (!program) return undefined;
  const ask =
    'require "sinatra/base"; require "sqlite3"; require "puma"; puts "Ruby #{RUBY_VERSION}, Sinatra #{Sinatra::VERSION}"';
  const version = firstLineOf(program, ['-e', ask]);
  return version === undefined ? undefined : { path: program, version };
}

/** Finds one tool; the environment variables `CHROMIUM` and `FIREFOX` name other programs. */
export function find(tool: Tool): Found | undefined {
  switch (tool) {
    case 'chromium':
      return describe(
        process.env.CHROMIUM
          ?? onPath('chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome')
          ?? path.join(MAC_APPS, 'Google Chrome.app/Contents/MacOS/Google Chrome'),
      );
    case 'firefox':
      return describe(
        process.env.FIREFOX
          ?? onPath('firefox-esr', 'firefox')
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

/** Like `find`. @throws Error that names what to install */
export function need(tool: Tool): Found {
  const found = find(tool);
  if (!found) throw new Error(`${tool} is not on this machine. ${advice([tool])}`);
  return found;
}

/** Debian's package names. */
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

/** Returns a sentence that says which packages to install. */
export function advice(tools: readonly Tool[]): string {
  const packages = tools.flatMap((tool) => PACKAGES[tool]).join(' ');
  return `On Debian: apt-get install --no-install-recommends ${packages}. Elsewhere: the packages of the same programs.`;
}
