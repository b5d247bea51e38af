import { failed, type Answers, type ProcessorAnswer } from './answers';
import { notKnown, type Finding } from './finding';
import { placePart } from './place';

const slowNs = 500;

/** The clock that every recorded call is read from, twice. */
export function clockFindings(answers: Answers): Finding[] {
  const clock = placePart(answers, 'clock');
  if (failed(clock)) return [notKnown('clock', 'Clock', clock.failed)];
  const processor = placePart(answers, 'processor');
  const { source, readNs, available } = clock;
  const cost = `One reading takes ${readNs} ns.`;
  const machine = failed(processor) ? [] : virtual(processor);
  if (source === null) {
    const finding: Finding =
      readNs < slowNs
        ? { id: 'clock', severity: 'ok', title: 'The clock is fast', detail: cost }
        : slow('The clock is slow', cost, false);
    return [finding, notKnown('clock-source', 'Clock source', 'The system does not name it'), ...machine];
  }
  if (readNs < slowNs) {
    return [
      { id: 'clock', severity: 'ok', title: `The clock is read from ${source}`, detail: cost },
      ...machine,
    ];
  }
  return [slow(`The clock is slow: it is read from ${source}`, cost, available.includes('tsc')), ...machine];
}

function slow(title: string, cost: string, tsc: boolean): Finding {
  return {
    id: 'clock',
    severity: 'warning',
    title,
    detail: `${cost} Every recorded call reads it twice, and traces read it for every event.`,
    ...(tsc
      ? {
          fix: {
            text: 'On the machine itself, if its kernel trusts that clock:',
            command: 'echo tsc | sudo tee /sys/devices/system/clocksource/clocksource0/current_clocksource',
          },
        }
      : {}),
  };
}

function virtual({ virtual: is, product }: ProcessorAnswer): Finding[] {
  if (is === null)
    return [notKnown('virtual', 'Virtual machine', 'The processor does not say whether it is one')];
  if (!is)
    return [
      {
        id: 'virtual',
        severity: 'ok',
        title: 'No virtual machine',
        detail: 'Processors are the machine’s own.',
      },
    ];
  return [
    {
      id: 'virtual',
      severity: 'note',
      title: `A virtual machine${product ? ` (${product})` : ''}`,
      detail:
        'Its processors may be shared with others: time that they take is seen as gaps that nothing here explains.',
    },
  ];
}
