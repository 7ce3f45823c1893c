/** The page that shows a run; `node test/tools/first-node-doc.ts` writes it. */
export function firstNodePage(transcript: string): string {
  return `# The first verified node

What a terminal shows on a fresh Debian on which the package was installed, up to a laptop whose names are verified: three commands, each question answered with \`y\`. There is no Kubernetes here, so a folder takes its place; the admin's
own SSH key opens the laptop, and the controller's key is brought there. On two cores it takes a few seconds. Written by \`node test/tools/first-node-doc.ts\`, with address, fingerprint and times made equal; a test runs it again and compares.

\`\`\`text
${transcript.trimEnd()}
\`\`\`
`;
}
