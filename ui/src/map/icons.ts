/** Icons of the map, drawn in code at the size and sharpness of the screen. */
import type { Map as MapLibre } from 'maplibre-gl';
import { alarmColors } from './ramp';
import { alarmPriority, cameraPath, pinPath, priorityPath, sitePath, staffPath } from './shapes';
import { color } from '@/style/tokens';

/** The ground the marks stand on. */
const ground = color('ground');
const light = color('mark');
const quiet = color('mark-quiet');

interface Look {
  path: string;
  fill: string;
  stroke: string;
  /** Side of the mark in units of the base size. */
  size: number;
  /** A second outline around the mark: late. */
  ring?: string;
}

const box = 24;

function draw(look: Look, base: number, ratio: number): ImageData {
  const side = Math.max(8, Math.round(look.size * base * ratio));
  const margin = Math.ceil(side * 0.3);
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = side + 2 * margin;
  const pen = canvas.getContext('2d');
  if (!pen) return new ImageData(1, 1);
  pen.translate(margin, margin);
  pen.scale(side / box, side / box);
  pen.lineJoin = 'round';
  const path = new Path2D(look.path);
  // A dark halo first: the mark must hold on pale heat as well as on the dark ground.
  pen.strokeStyle = ground;
  pen.lineWidth = look.ring ? 11 : 6.5;
  pen.globalAlpha = 0.85;
  pen.stroke(path);
  pen.globalAlpha = 1;
  if (look.ring) {
    pen.strokeStyle = look.ring;
    pen.lineWidth = 8;
    pen.stroke(path);
    pen.strokeStyle = ground;
    pen.lineWidth = 4.6;
    pen.stroke(path);
  }
  pen.fillStyle = look.fill;
  pen.fill(path);
  pen.strokeStyle = look.stroke;
  pen.lineWidth = look.fill === ground ? 3 : 1.2;
  pen.stroke(path);
  return pen.getImageData(0, 0, canvas.width, canvas.height);
}

function hatch(base: number, ratio: number): ImageData {
  const side = 4 * Math.max(2, Math.round((base * ratio) / 5));
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = side;
  const pen = canvas.getContext('2d');
  if (!pen) return new ImageData(1, 1);
  pen.strokeStyle = color('hatch');
  pen.lineWidth = side / 9;
  for (const shift of [-side, 0, side]) {
    pen.beginPath();
    pen.moveTo(shift - 1, side + 1);
    pen.lineTo(shift + side + 1, -1);
    pen.stroke();
  }
  return pen.getImageData(0, 0, side, side);
}

function dots(base: number, ratio: number): ImageData {
  const side = 4 * Math.max(2, Math.round((base * ratio) / 6));
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = side;
  const pen = canvas.getContext('2d');
  if (!pen) return new ImageData(1, 1);
  pen.fillStyle = color('dots');
  pen.beginPath();
  pen.arc(side / 2, side / 2, side / 8, 0, 2 * Math.PI);
  pen.fill();
  return pen.getImageData(0, 0, side, side);
}

/** Every icon by name. */
function looks(): Record<string, Look> {
  const all: Record<string, Look> = {};
  for (const severity of [1, 2, 3, 4]) {
    const size = [0, 1.16, 1.1, 0.92, 0.86][severity] ?? 0.86;
    all[`ticket-${severity}`] = { path: priorityPath(severity), fill: ground, stroke: light, size };
    all[`ticket-${severity}-late`] = { path: priorityPath(severity), fill: light, stroke: light, size, ring: light };
  }
  for (const [name, priority] of Object.entries(alarmPriority)) {
    const color = alarmColors[name] ?? light;
    all[`alarm-${name}`] = { path: priorityPath(priority), fill: color, stroke: ground, size: 1.5, ring: color };
  }
  all['camera-online'] = { path: cameraPath, fill: color('mark-camera'), stroke: ground, size: 1 };
  all['camera-offline'] = { path: cameraPath, fill: ground, stroke: quiet, size: 1 };
  all['staff-on'] = { path: staffPath, fill: color('mark-staff'), stroke: ground, size: 1.1 };
  all['staff-off'] = { path: staffPath, fill: ground, stroke: quiet, size: 1 };
  all.site = { path: sitePath, fill: color('mark-site'), stroke: ground, size: 1 };
  all.pin = { path: pinPath, fill: color('mark-site'), stroke: ground, size: 1 };
  return all;
}

/** Puts all icons into the map, replacing those of another size. */
export function putIcons(map: MapLibre, base: number, ratio: number): void {
  const put = (name: string, image: ImageData): void => {
    if (map.hasImage(name)) map.removeImage(name);
    map.addImage(name, image, { pixelRatio: ratio });
  };
  for (const [name, look] of Object.entries(looks())) put(name, draw(look, base, ratio));
  put('hatch', hatch(base, ratio));
  put('dots', dots(base, ratio));
}
