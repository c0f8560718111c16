// The texts of the page's language. The server renders the same catalogue.

export type Variables = Record<string, string | number>;

export class Texts {
  private readonly plurals: Intl.PluralRules;
  private readonly numbers: Intl.NumberFormat;

  constructor(
    lang: string,
    private readonly catalogue: Record<string, string>,
  ) {
    this.plurals = new Intl.PluralRules(lang);
    this.numbers = new Intl.NumberFormat(lang);
  }

  /** The text of a key. A variable `count` selects the plural form. */
  get(key: string, variables: Variables = {}): string {
    return this.find(key, variables) ?? key;
  }

  /** The text of the first key that the catalogue has. */
  first(keys: string[], variables: Variables = {}): string {
    for (const key of keys) {
      const text = this.find(key, variables);
      if (text !== undefined) return text;
    }
    return keys.join();
  }

  /** Such as "30 seconds" or "5 minutes", rounded up. */
  duration(milliseconds: number): string {
    const seconds = Math.max(1, Math.ceil(milliseconds / 1000));
    return seconds < 60
      ? this.get("time.seconds", { count: seconds })
      : this.get("time.minutes", { count: Math.ceil(seconds / 60) });
  }

  private find(key: string, variables: Variables): string | undefined {
    const { count } = variables;
    const form = typeof count === "number" ? `${key}.${this.plurals.select(count)}` : key;
    const text = this.catalogue[form] ?? this.catalogue[key];
    return text?.replace(/\{(\w+)\}/g, (whole, name: string) => {
      const value = variables[name];
      if (value === undefined) return whole;
      return typeof value === "number" ? this.numbers.format(value) : value;
    });
  }
}

/** Minutes and seconds, such as 4:09, or hours before them. */
export function clock(milliseconds: number): string {
  const seconds = Math.ceil(milliseconds / 1000);
  const hours = Math.floor(seconds / 3600);
  const parts = [Math.floor(seconds / 60) % 60, seconds % 60];
  if (hours > 0) parts.unshift(hours);
  return parts.map((n, i) => (i === 0 ? String(n) : String(n).padStart(2, "0"))).join(":");
}
