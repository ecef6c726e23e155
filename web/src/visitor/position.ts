// The phone's position. Asked for only after a tap that follows an explanation; a visitor who said yes before is not asked
// again. It stays on the phone until a check-in is made.
import { computed, signal } from "@preact/signals";
import { fromGcj02 } from "./gcj02";
import type { LatLon } from "./geo";

export interface Fix extends LatLon {
  accuracy_m: number;
  at: number;
}

/** As the phone reports it. */
const reported = signal<Fix | null>(null);
const SHIFTED = "studyroute.position-is-gcj02";
/** Whether the visitor has found that this phone reports GCJ-02. */
const shifted = signal(storage()?.getItem(SHIFTED) === "yes");

/** Where the visitor is, WGS 84. */
export const here = computed(() => read(shifted.value));
/** Where the visitor would be if it were the other way. */
export const otherwise = computed(() => read(!shifted.value));

function read(isShifted: boolean): Fix | null {
  const fix = reported.value;
  return fix && (isShifted ? { ...fix, ...fromGcj02(fix) } : fix);
}

/** Takes the phone's reports the other way from now on. */
export function takeOtherwise() {
  shifted.value = !shifted.value;
  try {
    storage()?.setItem(SHIFTED, shifted.value ? "yes" : "no");
  } catch {
    // Full: it lasts as long as the page.
  }
}

/** Storage may be forbidden. */
function storage(): Storage | null {
  try {
    return window.localStorage;
  } catch {
    return null;
  }
}

/** `off`: not asked yet; `looking`: allowed or being asked, no fix yet. */
export const positioning = signal<"off" | "looking" | "on" | "denied" | "unavailable">("off");

let watch: number | null = null;

/** Begins to follow the position; the browser asks the visitor if it has not yet. */
export function follow() {
  if (!("geolocation" in navigator) || !window.isSecureContext) {
    positioning.value = "unavailable";
    return;
  }
  if (watch !== null) navigator.geolocation.clearWatch(watch);
  positioning.value = "looking";
  watch = navigator.geolocation.watchPosition(found, missed, {
    enableHighAccuracy: true,
    maximumAge: 5_000,
    timeout: 30_000,
  });
}

function found({ coords }: GeolocationPosition) {
  reported.value = {
    lat: coords.latitude,
    lon: coords.longitude,
    accuracy_m: coords.accuracy,
    at: Date.now(),
  };
  positioning.value = "on";
}

function missed(error: GeolocationPositionError) {
  if (error.code === error.PERMISSION_DENIED) {
    reported.value = null;
    positioning.value = "denied";
  } else if (!here.value) {
    positioning.value = "looking";
  }
}

/** A phone that has slept says where it was. */
const STALE_MS = 60_000;

document.addEventListener("visibilitychange", () => {
  if (document.visibilityState !== "visible" || !here.value || Date.now() - here.value.at < STALE_MS) return;
  reported.value = null;
  follow();
});

/** Follows at once where the visitor has allowed it before. */
export async function followIfAllowed() {
  const state = await navigator.permissions?.query({ name: "geolocation" }).catch(() => null);
  if (state?.state === "granted") follow();
}
