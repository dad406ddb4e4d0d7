/** The marks of the wall as paths in a 24 × 24 box: the same on the map (canvas) and in the panels (SVG). */

/** One shape a priority: 1 triangle, 2 diamond, 3 square, 4 disc. */
export const priorityPaths: Readonly<Record<number, string>> = {
  1: 'M12 2.6 22.4 20.8 1.6 20.8Z',
  2: 'M12 1.6 22.4 12 12 22.4 1.6 12Z',
  3: 'M4 4H20V20H4Z',
  4: 'M12 3.2A8.8 8.8 0 1 1 12 20.8 8.8 8.8 0 1 1 12 3.2Z',
};

/** Priority of an alarm by its statutory colour. */
export const alarmPriority: Readonly<Record<string, number>> = { red: 1, orange: 2, yellow: 3, blue: 4 };

/** A camera seen from the side. */
export const cameraPath = 'M3 7H15V10.5L21 7.5V16.5L15 13.5V17H3Z';

/** A person. */
export const staffPath = 'M12 3.2A4.2 4.2 0 1 1 12 11.6 4.2 4.2 0 1 1 12 3.2ZM4 21C4 15.6 7.6 13.2 12 13.2S20 15.6 20 21Z';

/** A key site: a house front. */
export const sitePath = 'M3 10.5 12 3.5 21 10.5V21H14.5V14.5H9.5V21H3Z';

/** Whatever has no mark of its own: a pin. */
export const pinPath = 'M12 22C7.6 16.4 5 12.9 5 9.6A7 7 0 1 1 19 9.6C19 12.9 16.4 16.4 12 22ZM12 6.8A2.8 2.8 0 1 0 12 12.4 2.8 2.8 0 1 0 12 6.8Z';

/** Path of a priority; unknown priorities look like the lowest. */
export function priorityPath(priority: number): string {
  return priorityPaths[priority] ?? priorityPaths[4] ?? '';
}
