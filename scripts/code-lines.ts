/**
 * Finds the lines of a TypeScript file with code that runs: V8's coverage counts comments, blank lines and types too.
 */
import ts from 'typescript';

const isTypeOnly = (node: ts.Node): boolean =>
  ts.isInterfaceDeclaration(node)
  || ts.isTypeAliasDeclaration(node)
  || ts.isImportDeclaration(node)
  || ts.isExportDeclaration(node)
  || ts.isTypeNode(node);

/** Returns line numbers; the first is 1. */
export function codeLines(text: string): Set<number> {
  const source = ts.createSourceFile('code.ts', text, ts.ScriptTarget.Latest, true);
  const lines = new Set<number>();
  const visit = (node: ts.Node): void => {
    if (isTypeOnly(node)) return;
    const children = node.getChildren(source).filter((child) => !ts.isJSDoc(child));
    if (children.length > 0) return children.forEach(visit);
    if (node.getWidth(source) === 0 || /^[)\]}>;,]$/.test(node.getText(source))) return;
    lines.add(source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1);
  };
  visit(source);
  return lines;
}
