// Reads {text, changes: [[change, ...], ...], positions} as JSON lines; answers with the texts and positions it came to.
const { TextDocument } = require("./vscode-languageserver-textdocument.js");

require("node:readline").createInterface({ input: process.stdin }).on("line", (line) => {
  const { text, changes, positions } = JSON.parse(line);
  const answers = [];
  let content = text;
  for (const batch of changes) {
    for (const change of batch) {
      // A new document for every change: the judge is to judge positions and texts, not to keep books of lines.
      const document = TextDocument.create("file:///a", "yaml", 1, content);
      content = TextDocument.update(document, [change], 2).getText();
    }
    answers.push(content);
  }
  const document = TextDocument.create("file:///a", "yaml", 1, content);
  const offsets = positions.map((position) => document.offsetAt(position));
  const back = offsets.map((offset) => document.positionAt(offset));
  process.stdout.write(JSON.stringify({ texts: answers, offsets, back, lines: document.lineCount }) + "\n");
});
