import tseslint from "typescript-eslint";

export default tseslint.config(
  { ignores: ["src/core/activations/formulas.ts"] },
  ...tseslint.configs.strictTypeChecked,
  {
    files: ["src/**/*.ts"],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      // an index into an array that was just measured is no doubt; `noUncheckedIndexedAccess` asks for the sign
      "@typescript-eslint/no-non-null-assertion": "off",
      // numbers in sentences are wanted
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
    },
  },
  { files: ["*.mjs", "*.js"], extends: [tseslint.configs.disableTypeChecked] },
);
