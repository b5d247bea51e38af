/**
 * The only module that knows which library draws our buttons, text fields and tables, so that moving
 * off the archived @vscode/webview-ui-toolkit is one file.
 */
import {
  DataGrid,
  TextField,
  provideVSCodeDesignSystem,
  vsCodeButton,
  vsCodeDataGrid,
  vsCodeDataGridCell,
  vsCodeDataGridRow,
  vsCodeTextField,
} from '@vscode/webview-ui-toolkit';

let registered = false;

function register(): void {
  if (registered) return;
  registered = true;
  provideVSCodeDesignSystem().register(
    vsCodeButton(),
    vsCodeTextField(),
    vsCodeDataGrid(),
    vsCodeDataGridRow(),
    vsCodeDataGridCell(),
  );
}

export interface ButtonOptions {
  text: string;
  /** What it does, for the tooltip and the screen reader; the text when absent. */
  label?: string;
  appearance?: 'primary' | 'secondary' | 'icon';
  onClick: () => void;
}

export function button({ text, label, appearance = 'secondary', onClick }: ButtonOptions): HTMLElement {
  register();
  const element = document.createElement('vscode-button');
  element.setAttribute('appearance', appearance);
  element.textContent = text;
  if (label) {
    element.title = label;
    element.setAttribute('aria-label', label);
  }
  element.addEventListener('click', onClick);
  return element;
}

export function setDisabled(element: HTMLElement, disabled: boolean): void {
  element.toggleAttribute('disabled', disabled);
}

export interface Field {
  element: HTMLElement;
  value: string;
  focus(): void;
}

/** A text field; `onInput` is told the text as it is typed. */
export function textField(label: string, onInput: (text: string) => void): Field {
  register();
  const element = document.createElement('vscode-text-field');
  if (!(element instanceof TextField)) throw new Error('vscode-text-field is not registered.');
  element.setAttribute('placeholder', label);
  // When it is attached, the toolkit calls every field "Text field".
  setTimeout(() => {
    element.setAttribute('aria-label', label);
  });
  element.addEventListener('input', () => {
    onInput(element.value);
  });
  return {
    element,
    get value() {
      return element.value;
    },
    set value(text) {
      element.value = text;
    },
    focus: () => {
      element.focus();
    },
  };
}

export interface Column {
  key: string;
  title: string;
  /** CSS track size: `3fr`, `90px`. */
  width: string;
}

/** A table of texts with its own keyboard navigation. */
export function dataGrid(label: string, columns: Column[], rows: Record<string, string>[]): HTMLElement {
  register();
  const grid = document.createElement('vscode-data-grid');
  if (!(grid instanceof DataGrid)) throw new Error('vscode-data-grid is not registered.');
  grid.setAttribute('aria-label', label);
  grid.setAttribute('generate-header', 'sticky');
  grid.setAttribute('grid-template-columns', columns.map((column) => column.width).join(' '));
  grid.columnDefinitions = columns.map(({ key, title }) => ({ columnDataKey: key, title }));
  grid.rowsData = rows;
  return grid;
}
