/** The pointer hides when it idles. */
import { onBeforeUnmount, onMounted } from 'vue';

/** After so long without a move the pointer disappears. */
const pointerIdleMs = 5000;

/** Watches the pointer while the wall stands. */
export function useIdlePointer(): void {
  let idle: ReturnType<typeof setTimeout> | undefined;
  const onMove = (): void => {
    document.documentElement.classList.remove('idle-pointer');
    clearTimeout(idle);
    idle = setTimeout(() => document.documentElement.classList.add('idle-pointer'), pointerIdleMs);
  };
  onMounted(() => {
    addEventListener('pointermove', onMove);
    onMove();
  });
  onBeforeUnmount(() => {
    removeEventListener('pointermove', onMove);
    clearTimeout(idle);
  });
}
