// The layers of the ziggurat for the standard normal (Marsaglia & Tsang 2000), 256 of them of equal area.
//
// With x_256 = v / f(R), x_255 = R and x_(i-1) = f^-1(v / x_i + f(x_i)), f(x) = exp(-x^2 / 2), a layer's width is
// x_i 2^-52. The widths decide the numbers' bits, and the recursion in float64 loses the last two digits: they were
// computed to 300 bits (tests/web/test_page_core.py does it again) and are float64 in base64.
import { float64s } from "../bytes.ts";

export const R = 3.6541528853610087963519472518;
export const INVERSE_R = 0.27366123732975827203338247596;

export interface Layers {
  readonly width: Float64Array;
  /** Integers below which a number surely lies under the curve. */
  readonly inside: Float64Array;
  /** The density at the layer's edge. */
  readonly height: Float64Array;
}

let made: Layers | undefined;

export function layers(): Layers {
  if (made) return made;
  const width = float64s(WIDTHS);
  const edge = (i: number): number => (i === 0 ? R / 2 ** 52 : width[i]!);
  const inside = width.map((w, i) => (i === 1 ? 0 : Math.floor(((i === 0 ? edge(0) : edge(i - 1)) / w) * 2 ** 52)));
  const height = width.map((w, i) => (i === 0 ? 1 : Math.exp(-0.5 * (w * 2 ** 52) ** 2)));
  made = { width, inside, height };
  return made;
}

const WIDTHS =
  "gtkVeDtJzzxI9/3jC42LPNxbLDyvUJI8gjtEOLl8lTwopy/o/AGYPNbQTC4MI5o8EWI4L00AnDyKcnRaL6ydPNnVTC1IMp88uLuO" +
  "JzJNoDxNXQI7BfWgPIA2QZemkqE8/Rp6j6InojyI2GM4LrWiPP2RV8A/PKM8N7GiwZ69ozxdm/+N7zmkPLD+PTa7saQ8fNMaYnUl" +
  "pTyezgengJWlPPN+2c8xAqY8RnyjYdJrpjx5BQCSotKmPLD4RtPaNqc8gCqzEK2YpzxL9UatRfinPH8KQ1PMVag8oXZ7nmSxqDyg" +
  "z06pLgupPPIeLIJHY6k8TsU4jsm5qTwzp6TczA6qPGHNd21nYqo8OBYQbq20qjyjbBNtsQWrPDB6QoeEVas8Qp9Sjjakqzw6gr8q" +
  "1vGrPPlOWflwPqw8ZzsypROKrDyRJnL+ydSsPE23gA6fHq08FR/kKZ1nrTzJuCMAzq+tPFh28ak69608BO7Stes9rjwFb3oz6YOu" +
  "PNOC+b06ya48K2LwhOcNrzyN9thU9lGvPLTXh55tla88si76fVPYrzzvNELgVg2wPJ6POfVALrA8AKYWnupOsDwUoHJbVm+wPA/0" +
  "cZCGj7A8F2G8hH2vsDyDzEtmPc+wPG8IFkvI7rA88RWVMiAOsTzCDzEHRy2xPESRjp8+TLE8ISDEvwhrsTw32ngap4mxPItt7lEb" +
  "qLE8zyr4+GbGsTwx1OCTi+SxPKOgQJmKArI87MbEcmUgsjwiw+l9HT6yPP9rqQy0W7I8gtMdZip5sjwd1xnHgZayPNwuuGK7s7I8" +
  "VrjhYtjQsjyRqcvo2e2yPNpIbg3BCrM8NLn04Y4nszykXiZwRESzPNhSyrriYLM8bVgFvmp9szxnsrJv3ZmzPAY9uL87trM84x1W" +
  "mIbSszyGWnLevu6zPHae4HHlCrQ8X3SmLfsmtDymMDzoAEO0PF/HynP3XrQ8OMNmnt96tDwwj0gyupa0PF5BAvaHsrQ83RGzrEnO" +
  "tDwGpjgWAOq0PGNVXu+rBbU8XIsK8k0htTxRZmrV5jy1PMmyG053WLU8el9VDgB0tTwWhQ7GgY+1PFsbJCP9qrU8P3N90XLGtTzV" +
  "jC974+G1PDlen8hP/bU8xR+jYLgYtjyksKLoHTS2PA0mtwSBT7Y8dJbJV+Jqtjw5MbGDQoa2PLSyUCmiobY8vkOz6AG9tjxV0yhh" +
  "Yti2PFb4YTHE87Y87WiL9ycPtzzIFGlRjiq3PN3ucNz3Rbc8IHPlNWVhtzxL9O/61ny3PJW9ushNmLc8CxSLPMqztzz9ItvzTM+3" +
  "POjec4zW6rc8IOqGpGcGuDx3hsjaACK4PBafic6iPbg8vvXRH05ZuDzHfnpvA3W4PC/3R1/DkLg8RcAFko6suDydDKGrZci4PChq" +
  "RFFJ5Lg8kbVzKToAuTxJgyjcOBy5PP4K7xJGOLk8jKIDeWJUuTzw1XC7jnC5PDMqLonLjLk8wZk/kxmpuTwu2dWMecW5PBR0byvs" +
  "4bk8TtL6JnL+uTyWNvk5DBu6PF/IoiG7N7o8i7sLnn9UujynqUpyWnG6PEAxoGRMjro8C/GfPlarujzQ9VrNeMi6PDizi+G05bo8" +
  "HKHDTwsDuzxcmJrwfCC7PAEM4KAKPrs8BD3OQbVbuzwoiT+5fXm7PD335fFkl7s8biWF22u1uzyiwC5rk9O7PIOugZvc8bs8oBbs" +
  "bEgQvDwtevDl1y68PB0NbhOMTbw8BofsCGZsvDwXpuvgZou8PKyiNr2Pqrw8kNY7x+HJvDw44GgwXum8PG+PizIGCb08Ie83ENso" +
  "vTxHxjMV3ki9PCPx55YQab08pfvX9HOJvTxvbiCZCaq9PAxJ/PjSyr08NC5SldHrvTwZ0kn7Bg2+PPNG6sR0Lr48htHBmRxQvjwj" +
  "/pcvAHK+PAm/KkshlL48CG/3wIG2vjw6pxB2I9m+PKnsAWEI/L48IVPCijIfvzxtTbcPpEK/PGgBySBfZr88gpeJBGaKvzy/InEY" +
  "u66/PIbnL9Jg0788C/YYwVn4vzx1oNNH1A7APEfJjwKoIcA8qwKpg6k0wDzH9T5O2kfAPH6zrfY7W8A8aSanI9BuwDwYLmOPmILA" +
  "PFWi6AiXlsA8xcBxdc2qwDxJ1O7RPb/APDI9qjTq08A8lGURz9TowDy4n6bv//3APENwIARuE8E8N127myEpwTxvCcRpHT/BPD0u" +
  "YEhkVcE89e6dO/lrwTxiEtJ034LBPK3rTlYamsE8jy9/d62xwTyVpnGpnMnBPDqu5Pvr4cE8Adniwp/6wTyCzASdvBPCPO/Tb3pH" +
  "LcI8JZyspEVHwjzgWHbHvGHCPC5ZqPqyfMI8eA53zS6YwjxTCipTN7TCPJjbljHU0MI89XipsQ3uwjzurlbS7AvDPKOkaF57KsM8" +
  "oxKuBcRJwzxAqDN60mnDPApBVpKzisM8+4iucHWswzymBBezJ8/DPHX0YKrb8sM82+W5nKQXxDyUXlQVmD3EPBY6p0TOZMQ8vUOc" +
  "dWKNxDwoWmudc7fEPAOJzQ0l48Q8QqzpU58QxTxDfjpSEUDFPBzkSqmxccU82o1xi8ClxTz+0DokitzFPEsehs9pFsY86moAe85T" +
  "xjzC5Z++QJXGPDHiCY1r28Y8M3pf8CgnxzxyBglWlXnHPIvO1vQt1Mc8M/IpBQM5yDwUfKq/D6vIPJZEb5TgLsk8q1dAAe7LyTxZ" +
  "d5R43I/KPLD9eDgfmMs8M60JgrQ7zTw=";
