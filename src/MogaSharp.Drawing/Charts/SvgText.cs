using System.Xml.Linq;

namespace MogaSharp.Drawing;

/// <summary>Puts right what Skia writes as SVG.</summary>
internal static class SvgText
{
    // Verdana is as wide as DejaVu Sans, from which the places of the letters come.
    private const string OtherFonts = ", Verdana, sans-serif";
    private static readonly XNamespace Svg = "http://www.w3.org/2000/svg";

    /// <summary>
    /// Places of letters end in a comma, which the format does not allow; text has blanks around it; who has not our font gets a serif one;
    /// clip paths and images are numbered through the whole process, so that no two files are the same; and the image has neither a view
    /// box, to be scaled by, nor a title.
    /// </summary>
    public static string Tidy(string svg, string? title)
    {
        var document = XDocument.Parse(svg);
        XElement root = document.Root!;
        root.SetAttributeValue("viewBox", $"0 0 {root.Attribute("width")?.Value} {root.Attribute("height")?.Value}");
        if (!string.IsNullOrEmpty(title))
            root.AddFirst(new XElement(Svg + "title", title));
        foreach (XElement text in root.Descendants(Svg + "text"))
        {
            text.Value = text.Value.Trim();
            foreach (XAttribute attribute in text.Attributes())
            {
                if (attribute.Name == "x" || attribute.Name == "y")
                    attribute.Value = attribute.Value.TrimEnd(' ', ',');
                if (attribute.Name == "font-family")
                    attribute.Value += OtherFonts;
            }
        }

        XAttribute[] ids = [.. root.Descendants().Attributes("id")];
        Dictionary<string, string> names = [];
        foreach (XAttribute id in ids)
            names[id.Value] = id.Value = $"{(id.Parent!.Name.LocalName == "clipPath" ? "clip" : "part")}{names.Count + 1}";
        foreach (XAttribute use in root.Descendants().Attributes("clip-path"))
            if (use.Value is ['u', 'r', 'l', '(', '#', .. var name, ')'])
                use.Value = $"url(#{names[name]})";
        foreach (XAttribute use in root.Descendants().Attributes().Where(attribute => attribute.Name.LocalName == "href"))
            if (use.Value is ['#', .. var name] && names.TryGetValue(name, out string? known))
                use.Value = "#" + known;
        return document.ToString() + "\n";
    }
}
